"""The rules of one API: the scopes, claims and audience that each of its routes requires.

A request needs the rule of its route. If the route has a parameter, a narrower rule may match the path. The request
then needs that rule too, which can only restrict access. A TOKEN event has a path without a route, and needs every
rule that matches.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.domain.access.declared_claims import DeclaredClaims
from keyturn.domain.access.path_reading import is_ambiguous, leads_out, read_path
from keyturn.domain.access.route_template import RouteTemplate
from keyturn.domain.access.routed_request import CONNECT_ROUTE, has_known_method

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any, Protocol

    from keyturn.domain.access.path_reading import PathReading
    from keyturn.domain.access.routed_request import RoutedRequest
    from keyturn.domain.access.stack_audiences import StackAudiences

    class Bearer(Protocol):
        """The parts of a token that rules read."""

        audience: tuple[str, ...]
        scope: frozenset[str]

        @property
        def claims(self) -> Mapping[str, Any]: ...


ANY_METHOD = "ANY"
METHODS = (ANY_METHOD, "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
DEFAULT_ROUTE = "$default"
# Routes without a path: an HTTP API's default one, and a WebSocket API's connection.
NAMED_ROUTES = (DEFAULT_ROUTE, CONNECT_ROUTE)
SIMPLE = "simple"
POLICY = "policy"
_AUDIENCE = "aud"
_ANY_SCOPE: frozenset[str] = frozenset()
_NOTHING_DECLARED = DeclaredClaims()


class Rule:
    """One rule: the document's names of its API (`api`) and its `route`, and what a token needs there.

    A token needs all of the `scopes`, and one of the values of each of the `claims`. It also needs one scope of
    `any_scope`, unless that is empty.
    """

    __slots__ = ("_wanted", "any_scope", "api", "claims", "route", "scopes")

    def __init__(
        self,
        api: str,
        route: str,
        scopes: frozenset[str],
        claims: Mapping[str, tuple[str | int, ...]],
        any_scope: frozenset[str] = _ANY_SCOPE,
    ) -> None:
        self.api = api
        self.route = route
        self.scopes = scopes
        self.any_scope = any_scope
        self.claims = claims
        # The type is compared too: the number 1 equals true in Python, but differs from it in JSON.
        self._wanted = {name: frozenset((type(value), value) for value in values) for name, values in claims.items()}

    def claims_without(self, token: Bearer) -> list[str]:
        """Return the names of the claims that the token lacks, or has with another value."""
        return [name for name, wanted in self._wanted.items() if not _holds(token.claims.get(name), wanted)]

    @property
    def names_audience(self) -> bool:
        """Whether one of the rule's claims is `aud`."""
        return _AUDIENCE in self._wanted

    def has_audience_of(self, token: Bearer, names: frozenset[str]) -> bool:
        """Return whether one of the names is an audience of both the rule and the token."""
        return any(each in names and (str, each) in self._wanted[_AUDIENCE] for each in token.audience)

    @property
    def needs(self) -> tuple[object, ...]:
        """The scopes and claims: two rules that have the same admit the same tokens."""
        return self.scopes, self.any_scope, frozenset(self._wanted.items())


def _holds(claim: object, wanted: frozenset[tuple[type, object]]) -> bool:
    held = claim if isinstance(claim, list) else [claim]
    return any(isinstance(each, str | int) and (type(each), each) in wanted for each in held)


class ApiRules:
    """The rules of one API: `answer` for an HTTP API's 2.0 event, and the rule of each template and method.

    `declared` names the claims for the response. `audiences` are those that the document names for the API, or None.
    `stack` has the authorizer's audiences, or None where the stack is unknown.
    Raises ValueError for two templates that differ in the names of their parameters alone.
    """

    __slots__ = (
        "_accepted",
        "_alone",
        "_by_method",
        "_rivals",
        "_templates",
        "_texts",
        "answer",
        "audiences",
        "declared",
        "stack",
    )

    def __init__(
        self,
        answer: str,
        rules: Mapping[str, Mapping[str, Rule]],
        declared: DeclaredClaims = _NOTHING_DECLARED,
        audiences: frozenset[str] | None = None,
        stack: StackAudiences | None = None,
    ) -> None:
        self.answer = answer
        self.declared = declared
        self.audiences = audiences
        self.stack = stack
        # Tokens for an audience that the stack lacks are refused.
        self._accepted = audiences if audiences is None or stack is None else audiences & stack.names
        self._texts = rules
        self._templates = {text: RouteTemplate(text) for text in rules if text not in NAMED_ROUTES}
        self._rivals: dict[tuple[str, str], list[tuple[RouteTemplate, Rule]]] = {}
        self._by_method = {method: list(self._rules_for(method)) for method in METHODS}
        # A route without a parameter has one path, and one rule decides: most requests need a single look-up.
        self._alone = {
            (template.text, method): (rule,)
            for method, rules_for_method in self._by_method.items()
            for template, rule in rules_for_method
            if not template.has_parameters
        }
        shapes: dict[tuple[str, ...], str] = {}
        for template in self._templates.values():
            twin = shapes.setdefault(template.shape, template.text)
            if twin != template.text:
                raise ValueError(f"{twin} and {template.text} are one route with two names for its parameters")

    def __iter__(self) -> Iterator[Rule]:
        """Yield all rules."""
        for by_method in self._texts.values():
            yield from by_method.values()

    def _rules_for(self, method: str) -> Iterator[tuple[RouteTemplate, Rule]]:
        for text, template in self._templates.items():
            rule = self.rule_of(text, method)
            if rule is not None:
                yield template, rule

    def rule_of(self, template: str, method: str) -> Rule | None:
        """Return the rule of a route for a method, or None: the method's own rule, else ANY."""
        by_method = self._texts.get(template, {})
        return by_method.get(method, by_method.get(ANY_METHOD))

    def required_rules(self, request: RoutedRequest) -> Sequence[Rule]:
        """Return the rules that the token must all satisfy; without any, every token is refused."""
        alone = self._alone.get((request.template or "", request.method))
        if alone is not None:
            return alone
        if not has_known_method(request):
            return ()
        if request.template is None:
            return self._matching(request)
        own = self.rule_of(request.template, request.method)
        if own is None:
            return ()
        chosen = self._templates.get(request.template)
        rivals = self.rivals(request.template, request.method)
        if chosen is not None and chosen.has_parameters and any(map(leads_out, request.paths)):
            rivals = [(template, rule) for template, rule in self._for_method(request.method) if rule is not own]
        return [own, *self._below(request, own, rivals)] if rivals else [own]

    def _matching(self, request: RoutedRequest) -> list[Rule]:
        found = {
            rule.route: rule
            for reading in _readings(request)
            for template, rule in self._for_method(request.method)
            if _fits(template, reading)
        }
        return list(found.values())

    def _below(self, request: RoutedRequest, own: Rule, rivals: list[tuple[RouteTemplate, Rule]]) -> list[Rule]:
        """Return the rules of the rivals that the path may belong to."""
        found: dict[str, Rule] = {}
        chosen = self._templates.get(request.template or "")
        begin, candidates = ([], rivals) if chosen is None else (chosen.prefix, [*rivals, (chosen, own)])
        for reading in _readings(request):
            if not reading.complete:
                found |= {rule.route: rule for template, rule in rivals if _fits(template, reading)}
            # API Gateway chose the route by a reading that begins with its literal segments.
            elif reading.segments[: len(begin)] == begin:
                best = _best(candidates, reading.segments)
                found |= {} if best is None or best is own else {best.route: best}
        return list(found.values())

    def rivals(self, template: str, method: str) -> list[tuple[RouteTemplate, Rule]]:
        """Return the other templates with a rule for the method to which a path of this route may belong.

        A route without a parameter has one path, and therefore no rivals. `$default` takes every path.
        """
        key = template, method if method in METHODS else ANY_METHOD
        if key not in self._rivals:
            self._rivals[key] = list(self._find_rivals(template, method))
        return self._rivals[key]

    def _find_rivals(self, text: str, method: str) -> Iterator[tuple[RouteTemplate, Rule]]:
        chosen = self._templates.get(text)
        if text != DEFAULT_ROUTE and (chosen is None or not chosen.has_parameters):
            return
        for template, rule in self._for_method(method):
            if template is not chosen and (chosen is None or template.may_begin_with(chosen.prefix)):
                yield template, rule

    def _for_method(self, method: str) -> list[tuple[RouteTemplate, Rule]]:
        return self._by_method.get(method, self._by_method[ANY_METHOD])

    def refusal(self, request: RoutedRequest, token: Bearer) -> str | None:
        """Return the reason why the request is refused with this token, or None if it is allowed."""
        required = self.required_rules(request)
        if not required:
            return self.reason_of_closed(request)
        own = None if request.template is None else required[0]
        for rule in required:
            reason = self.objection(rule, token)
            if reason is not None:
                return reason if rule is own or not self.is_ambiguous(request) else "ambiguous_path"
        return None

    def reason_of_closed(self, request: RoutedRequest) -> str:
        """Return the reason why a request without required rules is refused for every token."""
        return "no_rule" if has_known_method(request) else "unknown_method"

    def refusing_rule(self, request: RoutedRequest, token: Bearer) -> str | None:
        """Return the first rule that refuses the token, or None: another one than the route's may need more."""
        return next((rule.route for rule in self.required_rules(request) if self.objection(rule, token)), None)

    def route_of(self, request: RoutedRequest) -> str | None:
        """Return the template of the request's route; for a TOKEN event that of the best rule for the method."""
        if request.template is not None or not has_known_method(request):
            return request.template
        candidates = self._for_method(request.method)
        plain = (reading.segments for reading in _readings(request) if reading.complete)
        best = next((rule for segments in plain if (rule := _best(candidates, segments)) is not None), None)
        return None if best is None else best.route.rpartition(" ")[2]

    def accepts_audience(self, token: Bearer) -> bool:
        """Return whether the token is for one of the API's audiences, or the document names none (RFC 9068 §4)."""
        return self._accepted is None or not self._accepted.isdisjoint(token.audience)

    def lacks_audience(self, rule: Rule) -> bool:
        """Return whether the stack has several audiences, and the document names none for the API or the rule."""
        return self.stack is not None and self.stack.several and self.audiences is None and not rule.names_audience

    def opens_without_audience(self, request: RoutedRequest) -> bool:
        """Return whether a rule of the request requires no audience, though the stack has several."""
        several = self.stack is not None and self.stack.several
        return several and any(self.lacks_audience(rule) for rule in self.required_rules(request))

    def objection(self, rule: Rule, token: Bearer) -> str | None:
        """Return the reason why the rule refuses the token, or None if it admits the token."""
        if self.stack is not None and self.stack.required and self.lacks_audience(rule):
            return "no_audience"
        if not rule.scopes <= token.scope or (rule.any_scope and rule.any_scope.isdisjoint(token.scope)):
            return "insufficient_scope"
        if rule.claims_without(token):
            return "insufficient_claims"
        if rule.names_audience and self.stack is not None and not rule.has_audience_of(token, self.stack.names):
            return "insufficient_claims"
        if self.declared.api_key is not None and self.declared.api_key_of(token) is None:
            return "no_api_key"
        return None

    def is_ambiguous(self, request: RoutedRequest) -> bool:
        """Return whether API Gateway and a backend may read the request's path as different routes."""
        return any(is_ambiguous(path) for path in request.paths)


def _readings(request: RoutedRequest) -> Iterator[PathReading]:
    for path in request.paths:
        yield from read_path(path)


def _best(candidates: list[tuple[RouteTemplate, Rule]], segments: list[str]) -> Rule | None:
    ranked = ((rank, rule) for template, rule in candidates if (rank := template.rank(segments)) is not None)
    return min(ranked, key=lambda each: each[0], default=(None, None))[1]


def _fits(template: RouteTemplate, reading: PathReading) -> bool:
    if reading.complete:
        return template.rank(reading.segments) is not None
    return reading.leaves or template.may_begin_with(reading.segments)
