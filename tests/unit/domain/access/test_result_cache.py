"""The keys of API Gateway's result cache, and what is wrong with those that mix up requests."""

from __future__ import annotations

import json
from typing import Any

import pytest

from keyturn.domain.access.access_rules import parse_access_rules
from keyturn.domain.access.result_cache import HTTP_SOURCES, REST_SOURCES, cache_key, problems

AUTHORIZATION = "$request.header.Authorization"
ROUTE_KEY, METHOD, PATH = "$context.routeKey", "$context.httpMethod", "$context.path"
REST_AUTHORIZATION = "method.request.header.Authorization"
READ, WRITE = ["reports:read"], ["reports:write"]
READ_AND_WRITE = {"GET /orders": READ, "ANY /orders": WRITE}


def found(
    kind: str, sources: list[str], routes: dict[str, Any], *, api: list[str] | None = None, **members: Any
) -> list[str]:
    """Return the problems of a key, for a simple response unless the document asks for a policy."""
    rules = parse_access_rules(json.dumps({"apis": {"*": {"routes": routes, **members}}})).of_api("*")
    return problems(cache_key(kind, sources), rules.answer, rules, api)


@pytest.mark.parametrize("spelling", ["Authorization", "authorization", "AUTHORIZATION"])
def test_a_header_has_one_name_in_every_case(spelling: str) -> None:
    """R55: the Authorization header is the token in every spelling (RFC 9110 §5.1)."""
    assert cache_key("http_2.0", [f"$request.header.{spelling}"]).parts == {"token"}
    assert cache_key("rest_request", [f" method.request.header.{spelling} "]).parts == {"token"}


@pytest.mark.parametrize(
    ("kind", "source"),
    [
        ("http_2.0", "$request.header.X-Tenant"),
        ("http_2.0", "$request.querystring.Authorization"),
        ("http_2.0", "$request.path"),
        ("http_2.0", "$context.RouteKey"),
        ("http_2.0", "$stageVariables.path"),
        ("http_2.0", REST_AUTHORIZATION),
        ("rest_request", AUTHORIZATION),
        ("rest_request", "context.routeKey"),
        ("rest_request", "method.request.querystring.token"),
        ("rest_request", "method.request.header.Authorization2"),
        ("rest_request", ""),
    ],
)
def test_any_other_source_tells_nothing_apart(kind: str, source: str) -> None:
    """R55: a source of the other kind of API, or of a part that rules ignore, does not count."""
    assert cache_key(kind, [source]).parts == frozenset()


def test_the_header_of_a_token_authorizer_is_its_token() -> None:
    """R55: a TOKEN authorizer has one source, the header of the token, whatever its name."""
    assert cache_key("rest_token", ["method.request.header.X-Token"]).parts == {"token"}


@pytest.mark.parametrize(
    ("kind", "sources", "members"),
    [
        ("http_2.0", ["$request.header.X-Tenant", ROUTE_KEY], {}),
        ("http_2.0", [METHOD, PATH, ROUTE_KEY], {}),
        ("http_2.0", [], {}),
        ("http_1.0", [ROUTE_KEY], {}),
        ("rest_request", ["method.request.header.X-Tenant"], {"answer": "policy", "cached_by": "token"}),
        ("rest_request", [], {}),
        ("rest_request", ["context.path", "context.httpMethod"], {}),
    ],
)
def test_a_key_without_the_token_is_always_wrong(kind: str, sources: list[str], members: dict[str, Any]) -> None:
    """R55, G2: no rules make a key right that gives one caller the result of another."""
    documents: list[dict[str, Any]] = [{}, {"GET /orders": []}, dict(READ_AND_WRITE)]
    for routes in documents:
        [problem] = found(kind, sources, routes, **members)
        assert problem.startswith("the key has no token, so that one caller gets the result of another: set the TTL")
        assert "authorization to its identity sources" in problem


@pytest.mark.parametrize(
    ("routes", "api", "wrong"),
    [
        (READ_AND_WRITE, ["ANY /orders"], True),
        (READ_AND_WRITE, ["GET /orders", "DELETE /orders"], False),
        (READ_AND_WRITE, ["GET /orders", "ANY /orders"], True),
        (READ_AND_WRITE, None, True),
        ({"GET /orders": READ}, ["ANY /orders"], True),
        ({"GET /orders": READ}, ["GET /orders"], False),
        ({"GET /orders": READ, "ANY /orders": READ}, ["ANY /orders"], False),
        ({"ANY /orders": READ}, None, False),
        ({"GET /orders": READ}, None, True),
        ({"$default": READ, "GET /orders": WRITE}, ["$default"], True),
        ({"$default": READ, "GET /orders": READ}, ["$default"], False),
        ({"ANY /orders": {"scopes": [], "claims": {"a": True}}, "GET /orders": []}, ["ANY /orders"], True),
    ],
)
def test_a_route_key_does_not_have_the_method_of_an_any_route(
    routes: dict[str, Any], api: list[str] | None, wrong: bool
) -> None:
    """R55, G2: under `routeKey` alone, an ANY route needs the same of all of its methods."""
    assert bool(found("http_2.0", [AUTHORIZATION, ROUTE_KEY], routes, api=api)) is wrong
    assert found("http_2.0", [AUTHORIZATION, METHOD, PATH], routes, api=api) == []


@pytest.mark.parametrize(
    ("routes", "route", "wrong"),
    [
        ({"ANY /{proxy+}": READ, "ANY /admin/{proxy+}": WRITE}, "ANY /{proxy+}", True),
        ({"ANY /{proxy+}": READ, "ANY /admin/{proxy+}": READ}, "ANY /{proxy+}", False),
        ({"ANY /items/{id}": READ, "ANY /items/special": WRITE}, "ANY /items/{id}", True),
        ({"ANY /items/{id}": READ, "ANY /users/special": WRITE}, "ANY /items/{id}", False),
        ({"ANY /items/{id}": READ, "ANY /items": WRITE}, "ANY /items/{id}", True),
        ({"$default": READ, "ANY /admin": WRITE}, "$default", True),
    ],
)
def test_a_route_key_does_not_have_the_path_of_a_wide_route(routes: dict[str, Any], route: str, wrong: bool) -> None:
    """R55, G2, G7: under `routeKey` alone, a route with a parameter has no rule below it that needs something else."""
    assert bool(found("http_2.0", [AUTHORIZATION, ROUTE_KEY], routes, api=[route])) is wrong
    assert found("http_2.0", [AUTHORIZATION, ROUTE_KEY, PATH, METHOD], routes, api=[route]) == []


@pytest.mark.parametrize("route", ["$default", "ANY /{proxy+}"])
@pytest.mark.parametrize("other", [{"GET /{x}/b": WRITE}, {"GET /{x}/b": WRITE, "ANY /{x}/b": READ}])
def test_a_path_does_not_have_the_method(route: str, other: dict[str, Any]) -> None:
    """R55, G2, G7: under the path without the method, the rules below a route need the same for all methods."""
    routes = {route: READ, **other}
    [problem] = found("http_2.0", [AUTHORIZATION, ROUTE_KEY, PATH], routes, api=[route])
    assert problem.endswith("add $context.httpMethod to its identity sources")
    assert found("http_2.0", [AUTHORIZATION, ROUTE_KEY, PATH], {route: READ, "ANY /{x}/b": WRITE}, api=[route]) == []


@pytest.mark.parametrize(
    ("sources", "wrong"),
    [
        ([AUTHORIZATION], True),
        ([AUTHORIZATION, METHOD], True),
        ([AUTHORIZATION, PATH], True),
        ([AUTHORIZATION, ROUTE_KEY], False),
        ([AUTHORIZATION, METHOD, PATH], False),
        ([AUTHORIZATION, "$request.header.X-Tenant", ROUTE_KEY], False),
    ],
)
def test_a_simple_answer_is_for_the_requests_of_its_key(sources: list[str], wrong: bool) -> None:
    """R55, G2: a simple response needs a key that keeps apart what the rules keep apart."""
    routes = {"GET /a": READ, "POST /a": WRITE, "GET /b": WRITE, "POST /b": READ}
    assert bool(found("http_2.0", sources, routes, api=list(routes))) is wrong
    assert found("http_2.0", sources, {"GET /a": READ}, api=["GET /a"]) == []


@pytest.mark.parametrize("kind", ["rest_request", "http_1.0", "http_2.0"])
@pytest.mark.parametrize(
    ("parts", "api", "wrong"),
    [
        (("token",), ["GET /items"], ["method", "path"]),
        (("token", "path"), ["GET /items"], ["method"]),
        (("token", "method"), ["GET /items"], ["path"]),
        (("token", "method", "path"), ["GET /items/{id}"], []),
        (("token", "method", "template"), ["GET /items"], ["path"]),
        (("token", "method", "template"), ["GET /items/{id}"], ["path"]),
        (("token", "method", "template"), ["GET /items/{id}", "GET /other"], ["path"]),
        (("token", "method", "template"), ["GET /other"], []),
    ],
)
def test_a_policy_for_one_arn_needs_the_method_and_the_path(
    kind: str, parts: tuple[str, ...], api: list[str], wrong: list[str]
) -> None:
    """R54, R55: a policy names one ARN, and under a key that has several it denies the others."""
    known = REST_SOURCES if kind == "rest_request" else HTTP_SOURCES
    sources = {next(iter(sorted(told))): source for source, told in known.items()}
    sources["template"] = next(source for source, told in known.items() if "template" in told)
    routes = {"GET /items": READ, "GET /items/{id}": READ}
    told = found(kind, [sources[part] for part in parts], routes, api=api, answer="policy")
    assert [each.split("add ")[1].split(" ")[0] for each in told] == [sources[part] for part in wrong]
    assert all("reused for another one and denies it" in each and '"cached_by": "token"' in each for each in told)


@pytest.mark.parametrize(
    ("api", "wrong"), [(["GET /items"], False), (["ANY /items"], True), (["$default"], True), (["GET /x"], False)]
)
def test_a_route_key_has_the_method_of_a_route_for_one(api: list[str], wrong: bool) -> None:
    """R54, R55: `routeKey` and the path are enough for a policy where each route has one method."""
    routes = {"GET /items": READ, "$default": READ}
    sources = [AUTHORIZATION, ROUTE_KEY, PATH]
    assert bool(found("http_2.0", sources, routes, api=api, answer="policy")) is wrong
    assert bool(found("http_1.0", sources, routes, api=api)) is wrong


@pytest.mark.parametrize("answer", ["simple", "policy"])
def test_a_token_authorizer_caches_a_policy_of_all_routes_or_none(answer: str) -> None:
    """R55, G2: the key of a TOKEN authorizer is the token alone, which only `cached_by` is right for."""
    sources = ["method.request.header.Authorization"]
    assert found("rest_token", sources, {"GET /a": READ}, answer=answer) == [
        (
            'the policy for one request of "ANY /a" is reused for another one and denies it: set the TTL of the '
            'authorizer to 0, or set "answer": "policy" and "cached_by": "token" in the rules of the API'
        )
    ]
    assert found("rest_token", sources, {"GET /a": READ}, answer="policy", cached_by="token") == []


@pytest.mark.parametrize("kind", ["rest_request", "http_1.0", "http_2.0"])
def test_rules_cached_by_the_token_need_the_token_alone(kind: str) -> None:
    """R55: the policy of `cached_by` is for every route, so that the token is enough of a key."""
    source = REST_AUTHORIZATION if kind == "rest_request" else AUTHORIZATION
    routes = {"ANY /{proxy+}": READ, "ANY /admin/{proxy+}": WRITE}
    assert found(kind, [source], routes, answer="policy", cached_by="token") == []
    assert found(kind, [source], routes, answer="policy") != []


def test_a_handshake_is_never_cached() -> None:
    """R55: the route `$connect` of a WebSocket API has no result cache, hence the list is empty."""
    assert found("http_2.0", [AUTHORIZATION], {"$connect": READ, "GET /a": READ}) != []
    assert found("http_2.0", [AUTHORIZATION], {"$connect": READ}) == []


def test_a_problem_says_what_to_change() -> None:
    """R55: the sentence has both requests, and the line that makes the cache right."""
    assert found("http_2.0", [AUTHORIZATION, ROUTE_KEY], READ_AND_WRITE, api=["ANY /orders"]) == [
        (
            'a result for "DELETE /orders" is reused for "GET /orders", which needs something else: '
            "set the TTL of the authorizer to 0, or add $context.httpMethod to its identity sources"
        )
    ]
    assert found("http_2.0", [AUTHORIZATION], {"GET /a": READ, "GET /b": WRITE}, api=["GET /a", "GET /b"]) == [
        (
            'a result for "GET /a" is reused for "GET /b", which needs something else: '
            "set the TTL of the authorizer to 0, or add $context.routeKey to its identity sources"
        )
    ]
    routes = {"ANY /{proxy+}": READ, "ANY /admin/{proxy+}": WRITE}
    assert found("http_2.0", [AUTHORIZATION, ROUTE_KEY], routes, api=["ANY /{proxy+}"]) == [
        (
            'a result for one path of "ANY /{proxy+}" is reused for a path of "ANY /admin/{proxy+}", which needs '
            "something else: set the TTL of the authorizer to 0, or add $context.path to its identity sources"
        )
    ]


def test_without_the_routes_of_the_api_each_route_of_the_rules_is_checked() -> None:
    """R55, G2: the rules of `$default` are compared with those below it, under the name that API Gateway gives it."""
    [problem] = found("http_2.0", [AUTHORIZATION, ROUTE_KEY], {"$default": READ, "ANY /orders": WRITE})
    assert problem.startswith('a result for one path of "$default" is reused for a path of "ANY /orders", which needs')


def test_each_route_with_a_wrong_key_is_named() -> None:
    """R55: an operator reads all faults of a key at once."""
    routes = READ_AND_WRITE | {"GET /users": READ, "ANY /users": WRITE}
    problems_of_two = found("http_2.0", [AUTHORIZATION, ROUTE_KEY], routes, api=["ANY /orders", "ANY /users"])
    assert [each.partition(",")[0] for each in problems_of_two] == [
        'a result for "DELETE /orders" is reused for "GET /orders"',
        'a result for "DELETE /users" is reused for "GET /users"',
    ]


def test_a_method_without_a_rule_of_the_route_is_refused_on_each_path() -> None:
    """R55: rules below a route that is closed for a method are none that a cached result could miss."""
    routes = {"GET /{proxy+}": READ, "GET /admin": READ, "ANY /admin": WRITE}
    assert found("http_2.0", [AUTHORIZATION, METHOD, ROUTE_KEY], routes, api=["ANY /{proxy+}"]) == []
