"""Which scopes and claims open which route of which API, and which answer an API wants: one JSON document.

    {"apis": {"*": {"answer": "simple",
                    "context": ["tenant"],
                    "routes": {"GET /reports": ["reports:read"],
                               "ANY /{proxy+}": {"scopes": ["admin"], "claims": {"department": ["it", "security"]}}}}}}

An API is named by its id; "*" is for every API that is not. All scopes of a route are required, and of each claim one
of its values; an empty list opens it to any token that holds. What no rule names is closed.
"""

from __future__ import annotations

import json

from keyturn.domain.api_rules import ANY_METHOD, METHODS, NAMED_ROUTES, POLICY, SIMPLE, ApiRules, Rule
from keyturn.domain.cached_rules import CachedApiRules
from keyturn.domain.route_template import RouteTemplate
from keyturn.domain.scope import parse_scope

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from keyturn.domain.api_rules import RoutedRequest


ANY_API = "*"
# What the backend is told anyhow; and `principalId`, which would stand in for the one of the policy.
_CONTEXT_OF_OURS = frozenset({"sub", "client_id", "scope", "jti", "exp", "sid", "gid", "principalId"})
BY_TOKEN = "token"


class AccessRulesError(ValueError):
    """The document is wrong; the text says where and what is expected."""


_CLOSED = ApiRules(SIMPLE, {})


class AccessRules:
    """The rules of all APIs."""

    __slots__ = ("_apis",)

    def __init__(self, apis: Mapping[str, ApiRules]) -> None:
        """Take the rules by API id."""
        self._apis = apis

    def find_rule(self, request: RoutedRequest) -> Rule | None:
        """Return the rule of the request's route, or None if there is none, and the route closed."""
        return self.of_api(request.api_id).find_rule(request)

    def of_api(self, api_id: str) -> ApiRules:
        """Return the rules of an API, none at all if the document says nothing of it."""
        return self._apis.get(api_id, self._apis.get(ANY_API, _CLOSED))

    def __iter__(self) -> Iterator[Rule]:
        """Yield all rules of all APIs, as the document has them."""
        for rules in self._apis.values():
            yield from rules


def parse_access_rules(text: str) -> AccessRules:
    """Return the rules of the JSON document; raises AccessRulesError."""
    try:
        document = json.loads(text, object_pairs_hook=_unique_members)
    except (ValueError, RecursionError) as error:
        raise AccessRulesError(f"not JSON with one reading: {error}") from None
    members = _object(document, "the document", {"apis"})
    apis = _object(members.get("apis"), "apis")
    return AccessRules({api_id: _parse_api(api_id, value) for api_id, value in apis.items()})


def _unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f'"{next(name for name in names if names.count(name) > 1)}" is there twice')
    return members


def _object(value: object, where: str, known: set[str] | None = None) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise AccessRulesError(f"{where} is not a JSON object")
    unknown = sorted(set(value) - known) if known is not None else []
    if unknown:
        raise AccessRulesError(f'{where} has an unknown member "{unknown[0]}"; known: {", ".join(sorted(known or ()))}')
    return value


def _parse_api(api_id: str, value: object) -> ApiRules:
    where = f'apis."{api_id}"'
    members = _object(value, where, {"answer", "cached_by", "context", "routes"})
    answer = members.get("answer", SIMPLE)
    if answer not in (SIMPLE, POLICY):
        raise AccessRulesError(f'{where}.answer is "{SIMPLE}" or "{POLICY}"')
    cached = "cached_by" in members
    if cached and (members["cached_by"] != BY_TOKEN or answer != POLICY):
        raise AccessRulesError(
            f'{where}.cached_by is "{BY_TOKEN}" or absent, and needs "answer": "{POLICY}", since a simple answer opens '
            "every route"
        )
    context = _parse_context(members.get("context", []), f"{where}.context")
    rules: dict[str, dict[str, Rule]] = {}
    for route, needed in _object(members.get("routes"), f"{where}.routes").items():
        method, template = _parse_route(route, f'{where}.routes."{route}"')
        rules.setdefault(template, {})[method] = _parse_rule(api_id, route, needed, f'{where}.routes."{route}"')
    try:
        return CachedApiRules(rules, context) if cached else ApiRules(answer, rules, context)
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


def _parse_context(value: object, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) and name for name in value):
        raise AccessRulesError(f"{where} is a list of the names of claims")
    told = sorted(_CONTEXT_OF_OURS.intersection(value))
    if told:
        raise AccessRulesError(f'{where}: "{told[0]}" is not to be declared; the backend always learns of the caller')
    return tuple(value)


def _parse_rule(api_id: str, route: str, value: object, where: str) -> Rule:
    if isinstance(value, list):
        return Rule(api_id, route, _parse_scopes(value, where), {})
    if not isinstance(value, dict):
        raise AccessRulesError(f'{where} is a list of scopes, or an object with "scopes" and "claims"')
    needed = _object(value, where, {"scopes", "claims"})
    claims = _object(needed.get("claims", {}), f"{where}.claims")
    return Rule(
        api_id,
        route,
        _parse_scopes(needed.get("scopes"), f"{where}.scopes"),
        {name: _parse_values(values, f'{where}.claims."{name}"') for name, values in claims.items()},
    )


def _parse_values(value: object, where: str) -> tuple[str | bool, ...]:
    values = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(each, str | bool) for each in values):
        raise AccessRulesError(f"{where} is a string, true, false, or a list of those with at least one")
    return tuple(values)


def _parse_scopes(value: object, where: str) -> frozenset[str]:
    if not isinstance(value, list) or not all(isinstance(scope, str) for scope in value):
        raise AccessRulesError(f"{where} is a list of scopes; an empty list opens the route to every token that holds")
    for scope in value:
        try:
            if len(parse_scope(scope)) == 1:
                continue
        except ValueError:
            pass
        raise AccessRulesError(f"{where}: each scope is one token of printable ASCII without spaces (RFC 6749 §3.3)")
    return frozenset(value)
