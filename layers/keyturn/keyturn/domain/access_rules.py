"""Which scopes open which route of which API, and which answer an HTTP API wants: one JSON document.

    {"apis": {"*": {"answer": "simple",
                    "routes": {"GET /reports": ["reports:read"], "ANY /{proxy+}": ["admin"], "$default": ["admin"]}}}}

An API is named by its id; "*" is for every API that is not. All scopes of a route are required; an empty list opens it
to any token that holds. What no rule names is closed.
"""

from __future__ import annotations

import json

from keyturn.domain.route_template import RouteTemplate, match_path
from keyturn.domain.scope import parse_scope

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any, Protocol

    class RoutedRequest(Protocol):
        """What rules look at: `template` is the route that API Gateway chose, or None where only the path is told."""

        @property
        def api_id(self) -> str: ...
        @property
        def method(self) -> str: ...
        @property
        def path(self) -> str: ...
        @property
        def template(self) -> str | None: ...


ANY_API = "*"
ANY_METHOD = "ANY"
# Routes without a path: an HTTP API's default one, and a WebSocket API's connection.
NAMED_ROUTES = ("$default", "$connect")
SIMPLE = "simple"
POLICY = "policy"
METHODS = (ANY_METHOD, "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")


class AccessRulesError(ValueError):
    """The document is wrong; the text says where and what is expected."""


class Rule:
    """One rule: the `route` as the document writes it, of the API that `api` names there, and the scopes it needs."""

    __slots__ = ("api", "route", "scopes")

    def __init__(self, api: str, route: str, scopes: frozenset[str]) -> None:
        """Take what the document says."""
        self.api = api
        self.route = route
        self.scopes = scopes


class ApiRules:
    """The rules of one API: `answer` for an HTTP API's 2.0 event, and the rule of each template and method."""

    __slots__ = ("_rules", "_templates", "answer")

    def __init__(self, answer: str, rules: Mapping[str, Mapping[str, Rule]]) -> None:
        """Take the rules by template and method; raises ValueError for templates that differ in names alone."""
        self.answer = answer
        self._rules = rules
        self._templates = [RouteTemplate(text) for text in rules if text not in NAMED_ROUTES]
        shapes: dict[tuple[str, ...], str] = {}
        for template in self._templates:
            twin = shapes.setdefault(template.shape, template.text)
            if twin != template.text:
                raise ValueError(f"{twin} and {template.text} are one route with two names for its parameters")

    def find_rule(self, request: RoutedRequest) -> Rule | None:
        """Return the rule of the request's route, or None if there is none: a method's own rule, else ANY."""
        template = request.template if request.template is not None else match_path(self._templates, request.path)
        by_method = self._rules.get(template or "", {})
        return by_method.get(request.method, by_method.get(ANY_METHOD))

    def __iter__(self) -> Iterator[Rule]:
        """Yield all rules."""
        for by_method in self._rules.values():
            yield from by_method.values()


class AccessRules:
    """The rules of all APIs."""

    __slots__ = ("_apis",)

    def __init__(self, apis: Mapping[str, ApiRules]) -> None:
        """Take the rules by API id."""
        self._apis = apis

    def find_rule(self, request: RoutedRequest) -> Rule | None:
        """Return the rule of the request's route, or None if there is none, and the route closed."""
        rules = self._rules_of(request)
        return None if rules is None else rules.find_rule(request)

    def answer_for(self, request: RoutedRequest) -> str:
        """Return the answer that the request's API wants, if its events are of version 2.0, which do not tell."""
        rules = self._rules_of(request)
        return SIMPLE if rules is None else rules.answer

    def __iter__(self) -> Iterator[Rule]:
        """Yield all rules of all APIs, as the document has them."""
        for rules in self._apis.values():
            yield from rules

    def _rules_of(self, request: RoutedRequest) -> ApiRules | None:
        return self._apis.get(request.api_id, self._apis.get(ANY_API))


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
    members = _object(value, where, {"answer", "routes"})
    answer = members.get("answer", SIMPLE)
    if answer not in (SIMPLE, POLICY):
        raise AccessRulesError(f'{where}.answer is "{SIMPLE}" or "{POLICY}"')
    rules: dict[str, dict[str, Rule]] = {}
    for route, required in _object(members.get("routes"), f"{where}.routes").items():
        method, template = _parse_route(route, f'{where}.routes."{route}"')
        scopes = _parse_scopes(required, f'{where}.routes."{route}"')
        rules.setdefault(template, {})[method] = Rule(api_id, route, scopes)
    try:
        return ApiRules(answer, rules)
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
