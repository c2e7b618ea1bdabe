"""The answers to API Gateway: for exactly the request in question, or for all routes of its API."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from authorizer.refusal import Forbidden, Unauthorized
from authorizer.request import REST_KINDS, ApiKind
from keyturn.domain.access.api_rules import SIMPLE
from keyturn.domain.access.cached_rules import CachedApiRules
from keyturn.domain.access.scope import format_scope

if TYPE_CHECKING:
    from typing import Any

    from authorizer.refusal import Refused
    from authorizer.request import AuthorizerRequest
    from keyturn.domain.access.api_rules import ApiRules
    from keyturn.jose import VerifiedAccessToken

MAX_RESOURCE_LENGTH = 512

# `*` and `?` are text in a path and wildcards in a policy; `${…}` is a policy variable. A policy with such a path would
# open others, for as long as the answer is cached.
_POLICY_SYNTAX = ("*", "?", "${")

# HTTP APIs have no usage plans.
_METERED_KINDS = REST_KINDS | {ApiKind.WEBSOCKET}

# A Deny names a principal too. Client ids begin with another character, and subjects are longer.
_NOBODY = "-"


def allow(request: AuthorizerRequest, token: VerifiedAccessToken, rules: ApiRules) -> dict[str, Any]:
    """Return the answer that lets the request pass, with the facts about the caller that the backend may know.

    Raises Forbidden if a policy cannot name this request alone, and PolicyTooLarge.
    """
    if _is_simple(request, rules):
        return {"isAuthorized": True, "context": _context(token, rules)}
    if isinstance(rules, CachedApiRules):
        return _policy_of_all_routes(request, token, rules)
    if len(request.arn) > MAX_RESOURCE_LENGTH or any(syntax in request.arn for syntax in _POLICY_SYNTAX):
        raise Forbidden("resource_not_nameable", token=token)
    return _policy(token.subject, [_statement("Allow", request.arn)]) | _caller(request, token, rules)


def refuse(request: AuthorizerRequest, refusal: Refused, rules: ApiRules) -> dict[str, Any] | None:
    """Return the answer that stops the request; None where API Gateway expects the error `Unauthorized`.

    Where API Gateway caches one answer for all routes, return the policy of the routes that the token opens.
    Raises PolicyTooLarge.
    """
    if request.kind in REST_KINDS and isinstance(refusal, Unauthorized):
        return None
    if _is_simple(request, rules):
        return {"isAuthorized": False}
    token = refusal.token
    if isinstance(rules, CachedApiRules) and isinstance(refusal, Forbidden) and token is not None:
        return _policy_of_all_routes(request, token, rules)
    # A Deny may cover more than the request, never less. So `?`, which matches one
    # character, replaces each character with a meaning in a policy. A path that is too long is cut, and ends in `*`.
    arn = request.arn.replace("*", "?").replace("${", "?{")
    denied = arn if len(arn) <= MAX_RESOURCE_LENGTH else arn[: MAX_RESOURCE_LENGTH - 1] + "*"
    return _policy(_NOBODY if token is None else token.subject, [_statement("Deny", denied)])


def _policy_of_all_routes(
    request: AuthorizerRequest, token: VerifiedAccessToken, rules: CachedApiRules
) -> dict[str, Any]:
    api, stage, _ = request.arn.split("/", 2)
    return _policy(token.subject, rules.statements(f"{api}/{stage}/", token)) | _caller(request, token, rules)


def _is_simple(request: AuthorizerRequest, rules: ApiRules) -> bool:
    return request.kind is ApiKind.HTTP_2_0 and rules.answer == SIMPLE


def _statement(effect: str, resource: str) -> dict[str, Any]:
    return {"Effect": effect, "Action": "execute-api:Invoke", "Resource": resource}


def _policy(principal: str, statements: list[dict[str, Any]]) -> dict[str, Any]:
    return {"principalId": principal, "policyDocument": {"Version": "2012-10-17", "Statement": statements}}


def _caller(request: AuthorizerRequest, token: VerifiedAccessToken, rules: ApiRules) -> dict[str, Any]:
    """Return the members about the caller beside a policy: the context, and the API key for a usage plan."""
    members: dict[str, Any] = {"context": _context(token, rules)}
    if rules.declared.api_key is not None and request.kind in _METERED_KINDS:
        key = rules.declared.api_key_of(token)
        if key is not None:
            members["usageIdentifierKey"] = key
    return members


def _context(token: VerifiedAccessToken, rules: ApiRules) -> dict[str, str]:
    """Return facts for the backend, as strings, since REST APIs take only strings; never the token itself."""
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
    for name in rules.declared.context:
        if name in token.claims:
            context[name] = _text(token.claims[name])
    return context


def _text(claim: object) -> str:
    """Return a claim as a string: a string as it is, anything else as JSON."""
    return claim if isinstance(claim, str) else json.dumps(claim, separators=(",", ":"))
