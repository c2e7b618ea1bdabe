"""The Lambda handler: returns the answer to an event, or raises what API Gateway turns into 401 or 500."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from authorizer.bootstrap import bootstrap
from authorizer.policy_document import allow, refuse
from authorizer.refusal import Forbidden, Refused
from authorizer.request import describe_request, parse_request
from keyturn.domain.errors import KeyturnError
from keyturn.observability import log_event, log_not_prepared, place_of

if TYPE_CHECKING:
    from typing import Any

    from authorizer.bootstrap import AuthorizerFunction
    from authorizer.request import AuthorizerRequest
    from keyturn.domain.access.api_rules import ApiRules

# The handler that the template names. Lambda sets _HANDLER to it before it imports this module; nothing else does.
HANDLER = "authorizer.app.lambda_handler"


class AuthorizerFault(Exception):
    """The authorizer cannot decide: API Gateway answers 500 without caching it."""


def prepare() -> None:
    """Compose, connect and read before the first request; a fault is logged, and left to that request (ADR 42)."""
    try:
        bootstrap().authorizer.prepare()
    except Exception as fault:
        # A fault that is over by the first request must not fail it: an import that raises ends the sandbox.
        log_not_prepared(fault)


def lambda_handler(event: object, context: object) -> dict[str, Any]:
    """Return API Gateway's answer to an authorizer event; raises where API Gateway is to answer 401 or 500."""
    request = None
    try:
        request = parse_request(event, context)
        answer = _decide(request)
    except Exception as fault:
        # The only broad except: any fault refuses the request, and API Gateway does not cache it.
        _log_fault(fault, request)
        raise AuthorizerFault("the authorizer could not decide; its log says why") from None
    if answer is None:
        # API Gateway turns this text alone into 401.
        raise Exception("Unauthorized") from None
    return answer


def _decide(request: AuthorizerRequest) -> dict[str, Any] | None:
    function = bootstrap()
    try:
        return _answer(request, function)
    except Exception:
        function.metrics.count("Faults")
        raise
    finally:
        if function.metrics.due:
            function.metrics.write()


def _answer(request: AuthorizerRequest, function: AuthorizerFunction) -> dict[str, Any] | None:
    rules = function.authorizer.begin(request)
    try:
        token = function.authorizer.authorize(request, rules)
        answer = allow(request, token, rules)
    except Refused as refusal:
        function.metrics.count_refusal(request.api_id, refusal.reason)
        _log_refusal(request, refusal, rules)
        return refuse(request, refusal, rules)
    function.metrics.count("Allows")
    function.allow_log.record(request, token)
    if rules.opens_without_audience(request):
        facts = describe_request(request, rules.route_of(request))
        log_event("WARN", "allowed_without_audience", **facts, jti=token.jti)
    return answer


def _log_refusal(request: AuthorizerRequest, refusal: Refused, rules: ApiRules) -> None:
    facts = describe_request(request, rules.route_of(request))
    if refusal.token is not None:
        facts["jti"] = refusal.token.jti
        if isinstance(refusal, Forbidden):
            facts["rule"] = rules.refusing_rule(request, refusal.token)
    log_event("INFO", "refused", reason=refusal.reason, **facts, kid=refusal.kid)


def _log_fault(fault: Exception, request: AuthorizerRequest | None) -> None:
    """Log a fault: its text if it is ours, else its type and place, because a library's text may hold a secret."""
    facts = {} if request is None else describe_request(request, request.template)
    if isinstance(fault, KeyturnError):
        log_event("ERROR", "authorizer_fault", fault=type(fault).__name__, detail=str(fault), **facts)
        return
    log_event("ERROR", "authorizer_fault", fault=type(fault).__name__, place=place_of(fault), **facts)


if os.environ.get("_HANDLER") == HANDLER:
    prepare()
