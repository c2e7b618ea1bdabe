"""The route of a request as logs name it, and rules without the stack's audiences."""

from __future__ import annotations

import json
from itertools import permutations
from typing import Any, NamedTuple

import pytest

from authorizer.request import parse_request
from keyturn.domain.access.access_rules import parse_access_rules
from keyturn.domain.access.api_rules import ApiRules
from keyturn.jose import VerifiedAccessToken
from tests.fakes.authorizer_events import API_ID, authorizer_event
from tests.fakes.token_factory import good_claims

ROUTES: dict[str, Any] = {"ANY /{proxy+}": [], "GET /admin": ["admin"], "ANY /users/{id}": [], "GET /users/me": []}


class Request(NamedTuple):
    """A request of a route that API Gateway chose, with each path that its event names."""

    paths: tuple[str, ...]
    template: str = "/{proxy+}"
    api_id: str = API_ID
    method: str = "GET"
    path: str = ""


def rules_of(routes: dict[str, Any]) -> ApiRules:
    """Return the rules of an API with these routes."""
    return parse_access_rules(json.dumps({"apis": {API_ID: {"routes": routes}}})).of_api(API_ID)


@pytest.mark.parametrize("path", ["/other", "/admin", "/users/me"])
def test_the_route_is_the_one_that_api_gateway_chose(path: str) -> None:
    """G7: a path that leads to a narrower rule leaves the route's name as the event has it."""
    request = parse_request(authorizer_event("rest_request", "t", path=path, template="/{proxy+}"))
    assert rules_of(ROUTES).route_of(request) == "/{proxy+}"


@pytest.mark.parametrize(
    ("method", "path", "route"),
    [
        ("GET", "/admin", "/admin"),
        ("POST", "/admin", "/{proxy+}"),
        ("GET", "/users/me", "/users/me"),
        ("POST", "/users/me", "/users/{id}"),
        ("GET", "/users/me/x", "/{proxy+}"),
        ("GET", "/", None),
        ("get", "/admin", None),
        ("QUERY", "/admin", "/{proxy+}"),
    ],
)
def test_the_route_of_a_path_is_that_of_its_best_rule(method: str, path: str, route: str | None) -> None:
    """G7: a TOKEN event has the route of the best rule for its path, unless the method is in lower case."""
    request = parse_request(authorizer_event("rest_token", "t", method=method, path=path))
    assert rules_of(ROUTES).route_of(request) == route


def test_rules_without_a_stack_open_without_an_audience() -> None:
    """RFC 8707 §2: the command reads rules without knowing the stack's audiences, and then warns of none."""
    request = parse_request(authorizer_event("rest_request", "t", path="/admin"))
    assert not rules_of(ROUTES).opens_without_audience(request)


@pytest.mark.parametrize("paths", [*permutations(["admin", "x/a;b", "z/"])])
def test_each_path_of_an_event_adds_its_rule(paths: tuple[str, ...]) -> None:
    """G7: an odd spelling in one of the paths opens no route that another one leads to."""
    required = rules_of(ROUTES).required_rules(Request(paths))
    assert [rule.route for rule in required] == ["ANY /{proxy+}", "GET /admin"]


@pytest.mark.parametrize("path", ["shop;x/a", ";x", "%3b/shop"])
def test_an_odd_spelling_leads_to_no_rule_outside_of_the_route(path: str) -> None:
    """G7: API Gateway chose the route by its literal segments: a rule that lacks them is another route's."""
    rules = rules_of({"ANY /shop/{proxy+}": [], "ANY /shop/admin": [], "ANY /admin": []})
    required = rules.required_rules(Request((path,), "/shop/{proxy+}"))
    assert [rule.route for rule in required] == ["ANY /shop/{proxy+}", "ANY /shop/admin"]


def test_methods_without_rules_of_their_own_share_the_rules_of_any() -> None:
    """A caller that makes up methods makes the rules take no more memory."""
    rules = rules_of(ROUTES)
    assert rules.rivals("/{proxy+}", "PURGE") is rules.rivals("/{proxy+}", "ANY")


@pytest.mark.parametrize(
    ("method", "path", "reason"),
    [("GET", "/", "no_rule"), ("get", "/admin", "unknown_method"), ("GET", "/admin", "insufficient_scope")],
)
def test_a_refusal_says_whether_there_is_a_rule(method: str, path: str, reason: str) -> None:
    """G7: an operator sees a route without a rule apart from a method that rules cannot name."""
    request = parse_request(authorizer_event("rest_token", "t", method=method, path=path))
    assert rules_of(ROUTES).refusal(request, VerifiedAccessToken(good_claims(scope="n"), "kid")) == reason


@pytest.mark.parametrize(("path", "reason"), [("/admin", "insufficient_scope"), ("/admin%2F", "ambiguous_path")])
def test_an_odd_path_is_the_reason_where_no_route_was_chosen(path: str, reason: str) -> None:
    """G7: a TOKEN event names no route: each rule that its odd path may lead to refuses it as ambiguous."""
    request = parse_request(authorizer_event("rest_token", "t", path=path))
    token = VerifiedAccessToken(good_claims(scope="n"), "kid")
    assert rules_of({"GET /admin": ["admin"]}).refusal(request, token) == reason
