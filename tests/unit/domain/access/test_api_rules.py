"""The route of a request as logs name it, and rules without the stack's audiences."""

from __future__ import annotations

import json
from typing import Any

import pytest

from authorizer.request import parse_request
from keyturn.domain.access.access_rules import parse_access_rules
from keyturn.domain.access.api_rules import ApiRules
from tests.fakes.authorizer_events import API_ID, authorizer_event

ROUTES: dict[str, Any] = {"ANY /{proxy+}": [], "GET /admin": ["admin"], "ANY /users/{id}": [], "GET /users/me": []}


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
