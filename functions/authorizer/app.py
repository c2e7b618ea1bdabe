"""The Lambda function: an event in, an answer out, or an error that API Gateway turns into 401 or 500 (R57)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from authorizer.bootstrap import bootstrap
from authorizer.policy_document import allow, refuse
from authorizer.refusal import Refused
from authorizer.request import parse_request
from keyturn.domain.errors import KeyturnError
from keyturn.observability import log_event, place_of

if TYPE_CHECKING:
    from typing import Any

    from authorizer.authorize import Authorizer
    from authorizer.request import AuthorizerRequest


class AuthorizerFault(Exception):
    """The authorizer could not decide: API Gateway answers 500, and caches nothing (G4)."""


def lambda_handler(event: object, context: object) -> dict[str, Any]:
    """Return API Gateway's answer to an authorizer event; raises where API Gateway is to answer 401 or 500."""
    try:
        answer = _decide(event, context)
    except Exception as fault:
        # The only broad except: whatever went wrong, nobody is let in, and nobody's refusal is cached.
        _log_fault(fault)
        raise AuthorizerFault("the authorizer could not decide; its log says why") from None
    if answer is None:
        # The one text that API Gateway turns into 401.
        raise Exception("Unauthorized") from None
    return answer


def _decide(event: object, context: object) -> dict[str, Any] | None:
    request = parse_request(event, context)
    authorizer = bootstrap()
    try:
        return _answer(request, authorizer)
    except Exception:
        authorizer.metrics.count("Faults")
        raise
    finally:
        if authorizer.metrics.due:
            authorizer.metrics.write()


def _answer(request: AuthorizerRequest, authorizer: Authorizer) -> dict[str, Any] | None:
    rules = authorizer.rules_of(request)
    try:
        token = authorizer.authorize(request, rules)
        answer = allow(request, token, rules)
    except Refused as refusal:
        authorizer.metrics.count_refusal(request.api_id, refusal.reason)
        _log_refusal(request, refusal)
        return refuse(request, refusal, rules)
    authorizer.metrics.count("Allows")
    authorizer.allow_log.note(request, token)
    if rules.opens_without_audience(request):
        log_event("WARN", "allowed_without_audience", api=request.kind, api_id=request.api_id, jti=token.jti)
    return answer


def _log_refusal(request: AuthorizerRequest, refusal: Refused) -> None:
    jti = None if refusal.token is None else refusal.token.jti
    log_event("INFO", "refused", reason=refusal.reason, api=request.kind, kid=refusal.kid, jti=jti)


def _log_fault(fault: Exception) -> None:
    """Say what went wrong: by its text if it is ours, else by type and place, as a foreign text may hold a secret."""
    if isinstance(fault, KeyturnError):
        log_event("ERROR", "authorizer_fault", fault=type(fault).__name__, detail=str(fault))
        return
    log_event("ERROR", "authorizer_fault", fault=type(fault).__name__, place=place_of(fault))
