"""A rule below a wider route closes, for every kind of API alike, whatever the path is spelled like."""

from __future__ import annotations

import json
from typing import Any

import pytest

from authorizer.request import UnknownEvent, parse_request
from keyturn.domain.access.access_rules import parse_access_rules
from keyturn.jose import VerifiedAccessToken
from tests.fakes.authorizer_events import API_ID, KINDS, authorizer_event, method_arn
from tests.fakes.token_factory import good_claims

READ, WRITE = "reports:read", "reports:write"
PROXY = {"ANY /{proxy+}": [READ], "ANY /admin/{proxy+}": [WRITE]}
DEFAULT = {"$default": [READ], "ANY /admin/{proxy+}": [WRITE]}
NAMED_KINDS = tuple(kind for kind in KINDS if kind != "rest_token")


def refusal(routes: dict[str, Any], event: dict[str, Any], scope: str, **members: Any) -> str | None:
    """Return the reason why the rules refuse an event of a token with this scope, None if they do not."""
    document = {"apis": {"*": {"routes": routes, **members}}}
    rules = parse_access_rules(json.dumps(document)).of_api(API_ID)
    return rules.refusal(parse_request(event), VerifiedAccessToken(good_claims(scope=scope), "kid"))


def below(kind: str, method: str, path: str, template: str = "/{proxy+}") -> dict[str, Any]:
    return authorizer_event(kind, "t", method=method, path=path, template=template)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("path", "scope", "reason"),
    [
        ("/admin/users", READ, "insufficient_scope"),
        ("/admin/users", WRITE, "insufficient_scope"),
        ("/admin/users", f"{READ} {WRITE}", None),
        ("/orders/7", READ, None),
        ("/orders/7", WRITE, "insufficient_scope"),
        ("/admin", READ, None),
        ("/adminx/users", READ, None),
    ],
)
def test_a_rule_below_a_greedy_route_closes_for_every_kind(
    kind: str, path: str, scope: str, reason: str | None
) -> None:
    """G7: under `/{proxy+}`, the route's own rule and the rule of the path must hold, for every kind of API."""
    assert refusal(PROXY, below(kind, "DELETE", path), scope) == reason


@pytest.mark.parametrize("kind", KINDS)
def test_a_rule_below_closes_its_own_method_alone(kind: str) -> None:
    """G7: a rule for GET below a wider route leaves the other methods to the wider route's rule."""
    routes = {"ANY /{proxy+}": [READ], "GET /admin/{proxy+}": [WRITE]}
    assert refusal(routes, below(kind, "GET", "/admin/users"), READ) == "insufficient_scope"
    assert refusal(routes, below(kind, "POST", "/admin/users"), READ) is None


@pytest.mark.parametrize("kind", KINDS)
def test_a_rule_below_a_parameter_closes_too(kind: str) -> None:
    """G7: a literal rule without a route of its own closes its path below `/items/{id}`."""
    routes = {"GET /items/{id}": [READ], "GET /items/special": [WRITE]}
    assert refusal(routes, below(kind, "GET", "/items/special", "/items/{id}"), READ) == "insufficient_scope"
    assert refusal(routes, below(kind, "GET", "/items/7", "/items/{id}"), READ) is None


def test_a_narrower_route_of_its_own_needs_its_own_rule_alone() -> None:
    """G7: an event that names the route does not need the rule of a wider one; a TOKEN event needs both."""
    routes = {"GET /users/me": [], "GET /users/{id}": [READ]}
    for kind in NAMED_KINDS:
        assert refusal(routes, below(kind, "GET", "/users/me", "/users/me"), "x") is None
    assert refusal(routes, below("rest_token", "GET", "/users/me"), "x") == "insufficient_scope"
    assert refusal(routes, below("rest_token", "GET", "/users/me"), READ) is None


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/users/joe%40example.org", None),
        ("/users/auth0%7C7", None),
        ("/users/r%C3%A9sum%C3%A9", None),
        ("/users/", None),
        ("/users/a%2Fb", None),
        ("/users//b", None),
        ("/users/a;x=1", None),
        ("/%61dmin/users", "insufficient_scope"),
        ("/admin/", "insufficient_scope"),
        ("/admin/users/", "insufficient_scope"),
        ("/admin%2Fusers", "ambiguous_path"),
        ("/admin;x/users", "ambiguous_path"),
        ("//admin/users", "ambiguous_path"),
        ("/x/..%2fadmin", "ambiguous_path"),
        ("/x/../admin/users", "ambiguous_path"),
        ("/users/%252e%252e/admin/x", "ambiguous_path"),
        ("/users/..;/admin/x", "ambiguous_path"),
        ("/users\\..\\admin/x", "ambiguous_path"),
        ("/admin/%ff", "ambiguous_path"),
    ],
)
def test_an_odd_spelling_is_refused_where_another_rule_could_match(kind: str, path: str, reason: str | None) -> None:
    """G7: an odd path below `/{proxy+}` needs each rule that a backend may take it for, and no other."""
    assert refusal(PROXY, below(kind, "GET", path), READ) == reason
    assert refusal(PROXY, below(kind, "GET", path), f"{READ} {WRITE}") is None


@pytest.mark.parametrize("path", ["/files/a%2Fb", "/files/100%25", "/files/a..b", "/files/a;b", "/files//"])
def test_an_odd_spelling_stays_below_the_route_that_was_chosen(path: str) -> None:
    """G7: where no other rule begins as the route does, each spelling needs the route's own rule alone."""
    routes = {"GET /files/{proxy+}": [READ], "GET /admin": [WRITE]}
    for kind in NAMED_KINDS:
        assert refusal(routes, below(kind, "GET", path, "/files/{proxy+}"), READ) is None
        assert refusal(routes, below(kind, "GET", path, "/files/{proxy+}"), WRITE) == "insufficient_scope"


@pytest.mark.parametrize("kind", NAMED_KINDS)
@pytest.mark.parametrize(
    "path",
    [
        "/files/..%2fadmin",
        "/files/../admin",
        "/files/%2e%2E/admin",
        "/files/%252e%252e%252fadmin",
        "/files\\..\\admin",
        "/files/..;/admin",
        "/files/.",
    ],
)
@pytest.mark.parametrize("template", ["/files/{proxy+}", "/files/{name}"])
def test_a_dot_segment_may_lead_out_of_the_route_that_was_chosen(kind: str, path: str, template: str) -> None:
    """G7: a backend that resolves a dot segment arrives at another route, so the path needs every rule."""
    routes = {f"GET {template}": [READ], "GET /admin": [WRITE]}
    assert refusal(routes, below(kind, "GET", path, template), READ) == "ambiguous_path"
    assert refusal(routes, below(kind, "GET", path, template), f"{READ} {WRITE}") is None
    assert refusal(routes, below("rest_token", "GET", path), READ) in ("ambiguous_path", "no_rule")


@pytest.mark.parametrize("kind", NAMED_KINDS)
def test_a_reading_that_the_route_does_not_take_is_none(kind: str) -> None:
    """G7: an encoded path whose route was chosen by its decoded form does not need the rule for the encoded one."""
    routes = {"GET /a/{proxy+}": [READ], "GET /{proxy+}": [WRITE]}
    assert refusal(routes, below(kind, "GET", "/%61/b/c", "/a/{proxy+}"), READ) is None
    assert refusal(routes, below(kind, "GET", "/%61/b/c", "/{proxy+}"), WRITE) == "insufficient_scope"


def test_a_path_of_another_case_is_another_path() -> None:
    """G7: letters of another case are another path, as they are for API Gateway's routes (RFC 3986 §6.2.2.1)."""
    for kind in KINDS:
        assert refusal(PROXY, below(kind, "GET", "/Admin/users"), READ) is None


def default_event(
    kind: str, path: str, *, stage: str = "prod", domain: str | None = None, **event: Any
) -> dict[str, Any]:
    found = authorizer_event(kind, "t", method="DELETE", path=path, template="$default")
    found["requestContext"] |= {"stage": stage} | ({"domainName": domain} if domain else {})
    return found | event


@pytest.mark.parametrize("kind", NAMED_KINDS)
@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("stage", ["", "/prod"])
@pytest.mark.parametrize(
    ("path", "scope", "reason"),
    [
        ("/admin/users", READ, "insufficient_scope"),
        ("/admin/users", WRITE, "insufficient_scope"),
        ("/admin/users", f"{READ} {WRITE}", None),
        ("/%61dmin/users", READ, "insufficient_scope"),
        ("/x/..%2fadmin/users", READ, "ambiguous_path"),
        ("/orders", READ, None),
    ],
)
def test_the_default_route_goes_by_the_events_path(
    kind: str, named: bool, stage: str, path: str, scope: str, reason: str | None
) -> None:
    """G7, R58: an event on `$default` needs the rule of its own path, with the stage's name before it or without."""
    arn = {"methodArn": method_arn("$default", ""), "routeArn": method_arn("$default", "")} if named else {}
    event = default_event(kind, path, rawPath=stage + path, **arn)
    assert refusal(DEFAULT, event | {"path": stage + path}, scope) == reason


@pytest.mark.parametrize(("domain", "reason"), [("api.example.com", "insufficient_scope"), (None, None)])
def test_an_api_mapping_may_stand_before_the_path(domain: str | None, reason: str | None) -> None:
    """G7: at a custom domain the path of a 1.0 event may begin with the API mapping, which no rule has."""
    for mapping in ("/v1", "/v1/team", "/a/b/c/d"):
        event = default_event("http_1.0", f"{mapping}/admin/users", domain=domain, methodArn=method_arn("$default", ""))
        assert refusal(DEFAULT, event, READ) == reason
    raw = default_event("http_2.0", "/v1/admin/users", domain=domain, routeArn=method_arn("$default", ""))
    assert refusal(DEFAULT, raw, READ) is None


@pytest.mark.parametrize("kind", ["http_1.0", "http_2.0"])
def test_an_arn_that_names_the_template_has_no_path(kind: str) -> None:
    """G7: an ARN with the route's template for a path leaves the path to the event, as on `$default`."""
    arn = method_arn("DELETE", "/{proxy+}")
    event = below(kind, "DELETE", "/admin/users") | {"methodArn": arn, "routeArn": arn}
    assert refusal(PROXY, event, READ) == "insufficient_scope"


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        ("http_2.0", {"rawPath": None}),
        ("http_2.0", {"requestContext": {"http": {"method": None}}}),
        ("http_1.0", {"path": 5}),
        ("http_1.0", {"httpMethod": None}),
    ],
)
def test_a_default_event_without_its_path_is_a_fault(kind: str, wrong: dict[str, Any]) -> None:
    """R57, G7: an event on `$default` whose path or method is missing is neither allowed nor denied."""
    arn = method_arn("$default", "")
    with pytest.raises(UnknownEvent):
        parse_request(default_event(kind, "/a", methodArn=arn, routeArn=arn) | wrong)


def test_a_cached_policy_names_known_methods_alone() -> None:
    """R55: under `cached_by`, neither methods outside of policies nor ambiguous paths have a rule."""
    document = {"apis": {"*": {"routes": {"ANY /a": []}, "answer": "policy", "cached_by": "token"}}}
    rules = parse_access_rules(json.dumps(document)).of_api("*")
    asked = {"GET": "/a", "LINK": "/a", "DELETE": "/a/"}
    requests = [parse_request(below("rest_token", method, path)) for method, path in asked.items()]
    assert [[rule.route for rule in rules.required_rules(request)] for request in requests] == [["ANY /a"], [], []]


@pytest.mark.parametrize("kind", KINDS)
def test_a_cached_policy_closes_as_an_uncached_one(kind: str) -> None:
    """R55, G7: the same rules mean the same under `cached_by`, which cannot decide about an odd spelling."""
    cached: dict[str, Any] = {"answer": "policy", "cached_by": "token"}
    assert refusal(PROXY, below(kind, "DELETE", "/admin/users"), READ, **cached) == "insufficient_scope"
    assert refusal(PROXY, below(kind, "DELETE", "/orders/7"), READ, **cached) is None
    assert refusal(PROXY, below(kind, "GET", "/"), READ, **cached) == "no_rule"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/users/auth0%7C5f7c8ec7", "uncacheable_path"),
        ("/users/joe%40example.org", "uncacheable_path"),
        ("/users/7/", "uncacheable_path"),
        ("/users/a%20b/", "uncacheable_path"),
        ("/users/a;b", "ambiguous_path"),
        ("/users/a%2Fb", "ambiguous_path"),
        ("/users//7", "ambiguous_path"),
        ("/users/..", "ambiguous_path"),
    ],
)
def test_only_a_cached_policy_refuses_an_encoded_character(kind: str, path: str, reason: str) -> None:
    """R55, G7: the reason says whether the path is ambiguous, or only the cache cannot decide about it."""
    routes = {"GET /users/{id}": [READ]}
    cached = {"answer": "policy", "cached_by": "token"}
    event = below(kind, "GET", path, "/users/{id}")
    assert refusal(routes, event, READ, **cached) == reason
    assert refusal(routes, event, READ) is None
    assert refusal(routes, event, WRITE) in ("insufficient_scope", "ambiguous_path")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
@pytest.mark.parametrize(
    ("path", "members"),
    [
        ("/jobs/x", {}),
        ("/jobs/import", {}),
        ("/jobs/auth0%7C5f", {}),
        ("/jobs/x", {"answer": "policy", "cached_by": "token"}),
        ("/jobs/import", {"answer": "policy", "cached_by": "token"}),
    ],
)
def test_a_token_event_finds_its_route_by_the_method_first(method: str, path: str, members: dict[str, Any]) -> None:
    """G7: API Gateway serves `POST /jobs/x` by `/{proxy+}` where `/jobs/{op}` has GET alone."""
    routes = {"GET /jobs/{op}": [WRITE], "GET /jobs/import": [WRITE], "ANY /{proxy+}": [READ]}
    assert refusal(routes, below("rest_token", method, path), READ, **members) is None
    assert refusal(routes, below("rest_token", "GET", path), READ, **members) == "insufficient_scope"
