"""The rules of one API: which scopes and claims open which of its routes, by the route that API Gateway chose (G7)."""

from __future__ import annotations

from keyturn.domain.route_template import RouteTemplate, match_path

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

    class Bearer(Protocol):
        """What of a token opens a route."""

        scope: frozenset[str]
        claims: dict[str, Any]


ANY_METHOD = "ANY"
METHODS = (ANY_METHOD, "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
# Routes without a path: an HTTP API's default one, and a WebSocket API's connection.
NAMED_ROUTES = ("$default", "$connect")
SIMPLE = "simple"
POLICY = "policy"


class Rule:
    """One rule: the `route` as the document writes it, of the API that `api` names there, and what it needs.

    That is all of the scopes, and of each claim one of the values.
    """

    __slots__ = ("api", "claims", "route", "scopes")

    def __init__(
        self, api: str, route: str, scopes: frozenset[str], claims: Mapping[str, tuple[str | bool, ...]]
    ) -> None:
        """Take what the document says."""
        self.api = api
        self.route = route
        self.scopes = scopes
        self.claims = claims

    def opens_for(self, token: Bearer) -> bool:
        """Tell whether the token has the scopes and the claims."""
        return self.scopes <= token.scope and not self.claims_without(token)

    def claims_without(self, token: Bearer) -> list[str]:
        """Return the names of the claims that the token has not, or with another value."""
        return [name for name, values in self.claims.items() if not _holds(token.claims.get(name), values)]


def _holds(claim: object, values: tuple[str | bool, ...]) -> bool:
    held = claim if isinstance(claim, list) else [claim]
    # By type as well: to Python the number 1 equals true, to JSON it does not.
    return any(type(one) is type(value) and one == value for one in held for value in values)


class ApiRules:
    """The rules of one API: `answer` for an HTTP API's 2.0 event, and the rule of each template and method.

    `context` names the claims that the backend is told beyond those that it always is.
    """

    __slots__ = ("_rules", "_templates", "answer", "context")

    def __init__(self, answer: str, rules: Mapping[str, Mapping[str, Rule]], context: tuple[str, ...] = ()) -> None:
        """Take the rules by template and method; raises ValueError for templates that differ in names alone."""
        self.answer = answer
        self.context = context
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
