"""The answers that API Gateway takes, each for exactly the request that was asked about (R54, R57, R59)."""

from __future__ import annotations

from authorizer.refusal import Forbidden, Unauthorized
from authorizer.request import REST_KINDS, ApiKind
from keyturn.domain.access_rules import SIMPLE
from keyturn.domain.scope import format_scope

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from authorizer.refusal import Refused
    from authorizer.request import Request
    from keyturn.jose import VerifiedAccessToken

MAX_RESOURCE_LENGTH = 512

# `*` and `?` in a path are text for the caller and wildcards in a policy, and `${…}` is a policy variable: such a path
# would open others, for as long as the answer is cached (G1).
_POLICY_SYNTAX = ("*", "?", "${")

# A Deny names a principal too. No client id begins with a hyphen, and no subject is as short.
_NOBODY = "-"


def allow(request: Request, token: VerifiedAccessToken, answer: str) -> dict[str, Any]:
    """Return the answer that lets the request pass, with what the backend may know of the caller.

    Raises Forbidden if a policy cannot name this request and no other.
    """
    if _is_simple(request, answer):
        return {"isAuthorized": True, "context": _context(token)}
    if len(request.arn) > MAX_RESOURCE_LENGTH or any(syntax in request.arn for syntax in _POLICY_SYNTAX):
        raise Forbidden("resource_not_nameable", token=token)
    return _policy("Allow", token.subject, request.arn) | {"context": _context(token)}


def refuse(request: Request, refusal: Refused, answer: str) -> dict[str, Any] | None:
    """Return the answer that stops the request; None where API Gateway wants to be told `Unauthorized` (R57)."""
    if request.kind in REST_KINDS and isinstance(refusal, Unauthorized):
        return None
    if _is_simple(request, answer):
        return {"isAuthorized": False}
    subject = _NOBODY if refusal.token is None else refusal.token.subject
    # Of a path that is too long, the beginning: a Deny may cover more, never less (G13).
    fits = len(request.arn) <= MAX_RESOURCE_LENGTH
    return _policy("Deny", subject, request.arn if fits else request.arn[: MAX_RESOURCE_LENGTH - 1] + "*")


def _is_simple(request: Request, answer: str) -> bool:
    return request.kind is ApiKind.HTTP_2_0 and answer == SIMPLE


def _policy(effect: str, principal: str, resource: str) -> dict[str, Any]:
    statement = {"Effect": effect, "Action": "execute-api:Invoke", "Resource": resource}
    return {"principalId": principal, "policyDocument": {"Version": "2012-10-17", "Statement": [statement]}}


def _context(token: VerifiedAccessToken) -> dict[str, str]:
    """Return what the backend may know, as strings, since REST APIs take nothing else; never the token (R59)."""
    context = {
        "sub": token.subject,
        "client_id": token.client_id,
        "scope": format_scope(token.scope),
        "jti": token.jti,
        "exp": str(token.expires_at),
    }
    if token.session_id is not None:
        context["sid"] = token.session_id
    if token.grant_id is not None:
        context["gid"] = token.grant_id
    return context
