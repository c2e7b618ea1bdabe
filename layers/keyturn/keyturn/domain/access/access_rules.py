"""The access rules of all APIs, read from one JSON document: the scopes, claims and audiences that each route requires.

    {"apis": {"*": {"answer": "simple",
                    "audience": "https://api.example.com",
                    "context": ["tenant"],
                    "routes": {"GET /reports": ["reports:read"],
                               "ANY /{proxy+}": {"scopes": ["admin"], "claims": {"department": ["it", "security"]}}}}}}

An API is named by its id; "*" stands for all other APIs. A token needs all `scopes` of a route, one of its `any_scope`,
and one of the values of each claim. It also needs one of the API's audiences (RFC 9068 §4), and an API key in the
claim that `api_key_claim` names. An empty list admits every valid token. A route without a rule refuses every token.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from keyturn.domain.access.api_rules import ANY_METHOD, METHODS, NAMED_ROUTES, POLICY, SIMPLE, ApiRules, Rule
from keyturn.domain.access.cached_rules import CachedApiRules
from keyturn.domain.access.declared_claims import (
    CLAIM_NAME,
    GATEWAY_VARIABLES,
    MAX_INTEGER,
    USUAL_CONTEXT,
    DeclaredClaims,
    is_claim_name,
)
from keyturn.domain.access.route_template import RouteTemplate
from keyturn.domain.access.scope import parse_scope

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from keyturn.domain.access.stack_audiences import StackAudiences


ANY_API = "*"
BY_TOKEN = "token"


class AccessRulesError(ValueError):
    """The document breaks its format; the text says where, and what is expected there."""


_CLOSED = ApiRules(SIMPLE, {})


class AccessRules:
    """The rules of all APIs, by API id."""

    __slots__ = ("_apis",)

    def __init__(self, apis: Mapping[str, ApiRules]) -> None:
        self._apis = apis

    def of_api(self, api_id: str) -> ApiRules:
        """Return the rules of an API; they refuse every request if the document lacks the API."""
        return self._apis.get(api_id, self._apis.get(ANY_API, _CLOSED))

    def apis(self) -> Iterator[tuple[str, ApiRules]]:
        """Yield each API of the document by its id, or "*", with its rules."""
        yield from self._apis.items()

    def __iter__(self) -> Iterator[Rule]:
        """Yield all rules of all APIs, in the document's order."""
        for rules in self._apis.values():
            yield from rules


def parse_access_rules(text: str, stack: StackAudiences | None = None) -> AccessRules:
    """Return the rules of the JSON document; raises AccessRulesError.

    `stack` has the audiences that the authorizer accepts; it is None where no stack is known.
    """
    try:
        document = json.loads(text, object_pairs_hook=_unique_members)
    except (ValueError, RecursionError) as error:
        raise AccessRulesError(f"not JSON in its strict form: {error}") from None
    members = _object(document, "the document", {"apis"})
    apis = _object(members.get("apis"), "apis")
    return AccessRules({api_id: _parse_api(api_id, value, stack) for api_id, value in apis.items()})


def unknown_audiences(rules: AccessRules, stack: StackAudiences) -> list[str]:
    """Return a sentence for each audience of the document that the stack lacks: tokens for it are refused."""
    named: list[tuple[str, str | int]] = []
    for api_id, api in rules.apis():
        named += [(f'apis."{api_id}".audience', each) for each in sorted(api.audiences or ())]
        for rule in api:
            where = f'apis."{api_id}".routes."{rule.route}".claims."aud"'
            named += [(where, each) for each in rule.claims.get("aud", ())]
    return [
        f"{where} names {json.dumps(each)}, and the stack's Audiences lack it: add it there, or correct this line"
        for where, each in named
        if each not in stack.names
    ]


def _unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for name, value in pairs:
        if name in members:
            raise ValueError(f'"{name}" is there twice')
        members[name] = value
    return members


def _object(value: object, where: str, known: set[str] | None = None) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise AccessRulesError(f"{where} is not a JSON object")
    unknown = sorted(set(value) - known) if known is not None else []
    if unknown:
        raise AccessRulesError(f'{where} has an unknown member "{unknown[0]}"; known: {", ".join(sorted(known or ()))}')
    return value


def _parse_api(api_id: str, value: object, stack: StackAudiences | None) -> ApiRules:
    where = f'apis."{api_id}"'
    members = _object(value, where, {"answer", "api_key_claim", "audience", "cached_by", "context", "routes"})
    answer = members.get("answer", SIMPLE)
    if answer not in (SIMPLE, POLICY):
        raise AccessRulesError(f'{where}.answer is "{SIMPLE}" or "{POLICY}"')
    cached = "cached_by" in members
    if cached and (members["cached_by"] != BY_TOKEN or answer != POLICY):
        raise AccessRulesError(
            f'{where}.cached_by is "{BY_TOKEN}" or absent, and needs "answer": "{POLICY}", since a simple response '
            "opens every route"
        )
    declared = _parse_declared(members, where)
    audiences = _parse_audience(members["audience"], f"{where}.audience") if "audience" in members else None
    rules: dict[str, dict[str, Rule]] = {}
    for route, needed in _object(members.get("routes"), f"{where}.routes").items():
        method, template = _parse_route(route, f'{where}.routes."{route}"')
        rules.setdefault(template, {})[method] = _parse_rule(api_id, route, needed, f'{where}.routes."{route}"')
    try:
        if cached:
            return CachedApiRules(rules, declared, audiences, stack)
        return ApiRules(answer, rules, declared, audiences, stack)
    except ValueError as error:
        raise AccessRulesError(f"{where}.routes: {error}") from None


def _parse_route(route: str, where: str) -> tuple[str, str]:
    if route in NAMED_ROUTES:
        return ANY_METHOD, route
    method, _, template = route.partition(" ")
    if method not in METHODS:
        expected = f'"METHOD /path", "$default" or "$connect", METHOD being one of {", ".join(METHODS)}'
        raise AccessRulesError(f"{where}: a route is {expected}")
    try:
        RouteTemplate(template)
    except ValueError as error:
        raise AccessRulesError(f"{where}: {error}") from None
    return method, template


def _parse_declared(members: dict[str, Any], where: str) -> DeclaredClaims:
    context = _parse_context(members.get("context", []), f"{where}.context")
    if "api_key_claim" not in members:
        return DeclaredClaims(context)
    return DeclaredClaims(context, _parse_claim_name(members["api_key_claim"], f"{where}.api_key_claim"))


def _parse_context(value: object, where: str) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise AccessRulesError(f"{where} is a list of the names of claims")
    names: dict[str, None] = {}
    for each in value:
        name = _parse_claim_name(each, where)
        if name in names:
            raise AccessRulesError(f'{where} names "{name}" twice')
        if name in USUAL_CONTEXT:
            raise AccessRulesError(f'{where}: "{name}" cannot be declared; the backend always receives the caller')
        if name in GATEWAY_VARIABLES:
            raise AccessRulesError(
                f'{where}: "{name}" cannot be declared; $context.authorizer.{name} is API Gateway\'s own'
            )
        names[name] = None
    return tuple(names)


def _parse_claim_name(value: object, where: str) -> str:
    if not is_claim_name(value):
        raise AccessRulesError(f"{where}: {json.dumps(value)[:80]} is not the name of a claim, which has {CLAIM_NAME}")
    return value


def _parse_audience(value: object, where: str) -> frozenset[str]:
    names = value if isinstance(value, list) else [value]
    if not names or not all(isinstance(name, str) and name for name in names):
        raise AccessRulesError(f"{where} is an audience, or a list of audiences with at least one (RFC 7519 §4.1.3)")
    return frozenset(names)


def _parse_rule(api_id: str, route: str, value: object, where: str) -> Rule:
    if isinstance(value, list):
        return Rule(api_id, route, _parse_scopes(value, where), {})
    if not isinstance(value, dict):
        raise AccessRulesError(f'{where} is a list of scopes, or an object with "scopes", "any_scope" and "claims"')
    needed = _object(value, where, {"any_scope", "claims", "scopes"})
    claims = _object(needed.get("claims", {}), f"{where}.claims")
    one_of = "any_scope" in needed
    return Rule(
        api_id,
        route,
        _parse_scopes(needed.get("scopes", [] if one_of else None), f"{where}.scopes"),
        {
            _parse_claim_name(name, f"{where}.claims"): _parse_values(values, f'{where}.claims."{name}"')
            for name, values in claims.items()
        },
        _parse_any_scope(needed["any_scope"], f"{where}.any_scope") if one_of else frozenset(),
    )


def _parse_any_scope(value: object, where: str) -> frozenset[str]:
    if value == []:
        raise AccessRulesError(f"{where} has at least one scope: without one it would refuse every token")
    return _parse_scopes(value, where)


def _parse_values(value: object, where: str) -> tuple[str | int, ...]:
    values = value if isinstance(value, list) else [value]
    if not values or not all(map(_is_claim_value, values)):
        raise AccessRulesError(
            f"{where} is a string, a 53-bit integer, true, false, or a list of those with at least one"
        )
    return tuple(values)


def _is_claim_value(value: object) -> bool:
    return isinstance(value, str) or (isinstance(value, int) and -MAX_INTEGER <= value <= MAX_INTEGER)


def _parse_scopes(value: object, where: str) -> frozenset[str]:
    if not isinstance(value, list) or not all(isinstance(scope, str) for scope in value):
        raise AccessRulesError(f"{where} is a list of scopes; an empty list opens the route to every valid token")
    for scope in value:
        try:
            if len(parse_scope(scope)) == 1:
                continue
        except ValueError:
            pass
        raise AccessRulesError(f"{where}: each scope is one token of printable ASCII without spaces (RFC 6749 §3.3)")
    return frozenset(value)
