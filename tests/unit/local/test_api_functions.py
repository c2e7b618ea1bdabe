"""The functions of an HTTP API, called by the front proxy in place of the emulator."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from local.api_functions import ApiFunctions, FunctionRoute, ProxiedRequest, read_routes
from tests.fakes.proxied_emulator import ROUTES, Functions, call, proxied

pytestmark = pytest.mark.usefixtures("socket_enabled")


def answer(**members: Any) -> bytes:
    """Return what a function answers."""
    return json.dumps({"statusCode": 200, "headers": {}, "body": ""} | members).encode()


def test_the_function_answers_options_in_the_place_of_the_emulator() -> None:
    """A preflight is an event of payload format 2.0; its answer's headers are renamed as API Gateway does it."""
    functions = Functions()
    with proxied() as (proxy, upstream):
        proxy.publish({"/": "/_aws/execute-api/abc"}, ApiFunctions(functions, ROUTES))
        status, headers, _ = call(proxy, "OPTIONS", "/oauth2/token?a=b", headers={"Origin": "https://app.example"})
        assert (status, headers["vary"], headers["x-amzn-remapped-www-authenticate"]) == (204, "Origin", "x")
        assert call(proxy, "GET", "/oauth2/token")[0] == 200
        assert upstream.requests == 1
    [event] = functions.events
    assert (event["rawPath"], event["rawQueryString"], event["headers"]["origin"]) == (
        "/oauth2/token",
        "a=b",
        "https://app.example",
    )
    assert event["requestContext"]["http"]["method"] == "OPTIONS"


@pytest.mark.parametrize("payload", [b"", b"[]", b'{"errorMessage": "x"}'])
def test_a_function_that_fails_is_a_bad_gateway(payload: bytes) -> None:
    """A malformed answer of a function is 502, as at API Gateway."""
    with proxied() as (proxy, _):
        proxy.publish({"/": "/_aws/execute-api/abc"}, ApiFunctions(Functions(payload), ROUTES))
        assert call(proxy, "OPTIONS", "/oauth2/token")[0] == 502


def test_the_function_is_told_the_cookies() -> None:
    """R37: the event has the form, and the cookies one by one outside the header (payload format 2.0)."""
    functions = Functions()
    with proxied() as (proxy, upstream):
        proxy.publish({"/": "/_aws/execute-api/abc"}, ApiFunctions(functions, ROUTES))
        call(proxy, "POST", "/oauth2/authorize", b"a=b", {"Cookie": "one=1; two=2=3", "X-A": "1"})
        assert upstream.requests == 0
    [event] = functions.events
    assert event["cookies"] == ["one=1", "two=2=3"]
    assert "cookie" not in event["headers"]
    assert (event["headers"]["x-a"], event["requestContext"]["http"]["method"]) == ("1", "POST")
    assert (base64.b64decode(event["body"]), event["isBase64Encoded"]) == (b"a=b", True)


def test_the_function_is_told_what_comes_twice() -> None:
    """R56: repeated headers are joined by a comma, as at API Gateway, and repeated Cookie headers are one list."""
    functions = Functions()
    headers = [("Authorization", "a"), ("Cookie", "one=1"), ("authorization", "b"), ("cookie", "two=2;")]
    ApiFunctions(functions, ROUTES).answer(ProxiedRequest("GET", "/login", headers, b""))
    [event] = functions.events
    assert event["headers"] == {"authorization": "a,b"}
    assert event["cookies"] == ["one=1", "two=2"]
    assert (event["isBase64Encoded"], "body" in event) == (False, False)


def test_each_cookie_of_the_function_is_a_header_of_its_own() -> None:
    """R37: each cookie has its own Set-Cookie (RFC 6265 §3), from the function and from the emulator."""
    cookies = ["one=1; Path=/", "two=2"]
    functions = Functions(answer(cookies=cookies))
    with proxied() as (proxy, upstream):
        upstream.headers = [("Set-Cookie", each) for each in cookies]
        proxy.publish({"/": "/_aws/execute-api/abc"}, ApiFunctions(functions, ROUTES))
        for headers in ({}, {"Cookie": "one=1"}):
            assert call(proxy, "GET", "/login", headers=headers)[1].get_all("set-cookie") == cookies
        assert (upstream.requests, len(functions.events)) == (1, 1)


@pytest.mark.parametrize(
    ("method", "path", "function"),
    [
        ("OPTIONS", "/oauth2/token", "issuer"),
        ("POST", "/oauth2/authorize", "issuer"),
        ("GET", "/login?interaction=i", "login"),
        ("POST", "/login/password", "login"),
        ("GET", "/assets/keyturn-0123.css", "login"),
        ("GET", "/%6cogin", "login"),
    ],
)
def test_the_route_chooses_the_function(method: str, path: str, function: str) -> None:
    """Method and decoded path decide, by the routes of the API as it is deployed."""
    functions = Functions()
    with proxied() as (proxy, _):
        proxy.publish({"/": "/_aws/execute-api/abc"}, ApiFunctions(functions, ROUTES))
        assert call(proxy, method, path, headers={"Cookie": "a=b"})[0] == 204
    assert functions.names == [function]


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/"), ("GET", "/login/"), ("GET", "/login/x"), ("POST", "/assets/a.css"), ("GET", "/assets/")],
)
def test_a_path_without_a_route_is_not_found(method: str, path: str) -> None:
    """A request without a matching route is 404, and calls no function."""
    functions = Functions()
    with proxied() as (proxy, _):
        proxy.publish({"/": "/_aws/execute-api/abc"}, ApiFunctions(functions, ROUTES))
        assert call(proxy, method, path, headers={"Cookie": "a=b"})[::2] == (404, {"message": "Not Found"})
    assert functions.names == []


def test_the_most_exact_route_takes_the_request() -> None:
    """A path without parameters goes before one with some, and a method before ANY, as on AWS."""
    functions = Functions()
    keys = ("ANY /a/{b}", "GET /a/{b}", "ANY /a/c")
    api = ApiFunctions(functions, [FunctionRoute(key, key) for key in keys])
    for path in ("/a/c", "/a/d"):
        api.answer(ProxiedRequest("GET", path, (), b""))
    assert functions.names == ["ANY /a/c", "GET /a/{b}"]
    assert functions.events[1]["pathParameters"] == {"b": "d"}
    assert [event["routeKey"] for event in functions.events] == functions.names


def test_another_address_is_the_events_source() -> None:
    """A request from another address than the emulator's own reaches the function with that address."""
    functions = Functions()
    with proxied() as (proxy, upstream):
        proxy.publish({"/": "/_aws/execute-api/abc"}, ApiFunctions(functions, ROUTES))
        call(proxy, "GET", "/login", source="127.0.0.9")
        assert upstream.requests == 0
        call(proxy, "GET", "/login")
        assert upstream.requests == 1
    [event] = functions.events
    assert event["requestContext"]["http"]["sourceIp"] == "127.0.0.9"


def test_a_binary_answer_is_decoded() -> None:
    """A body in base64 arrives as its bytes (payload format 2.0, `isBase64Encoded`)."""
    image = bytes(range(256))
    functions = Functions(answer(body=base64.b64encode(image).decode(), isBase64Encoded=True))
    assert ApiFunctions(functions, ROUTES).answer(ProxiedRequest("GET", "/assets/a.png", (), b""))[2] == image


class Gateway:
    """API Gateway v2's lists, in pages of one."""

    def __init__(self, **lists: list[dict[str, str]]) -> None:
        self._lists = lists

    def get_paginator(self, operation: str) -> Gateway:
        self._operation = operation
        return self

    def paginate(self, ApiId: str) -> list[dict[str, Any]]:  # noqa: N803 - boto3's name
        assert ApiId == "api"
        return [{"Items": [item]} for item in self._lists[self._operation]]


def test_the_routes_are_those_of_the_deployed_api() -> None:
    """Each route leads by its integration to a function's ARN, on every page of the lists."""
    where = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{}/invocations"
    arns = [f"arn:aws:lambda:us-east-1:000000000000:function:{name}" for name in ("issuer", "login")]
    gateway = Gateway(
        get_integrations=[
            {"IntegrationId": str(number), "IntegrationUri": where.format(arn)} for number, arn in enumerate(arns)
        ],
        get_routes=[
            {"RouteKey": "ANY /login", "Target": "integrations/1"},
            {"RouteKey": "ANY /oauth2/token", "Target": "integrations/0"},
        ],
    )
    assert read_routes(gateway, "api") == (
        FunctionRoute("ANY /login", arns[1]),
        FunctionRoute("ANY /oauth2/token", arns[0]),
    )
