"""Which request an event describes."""

from __future__ import annotations

from typing import Any

import pytest

from authorizer.request import ApiKind, UnknownEvent, parse_request
from tests.fakes.authorizer_events import API_ID, KINDS, authorizer_event, method_arn
from tests.fakes.lambda_context import lambda_context


@pytest.mark.parametrize("kind", KINDS)
def test_event_tells_its_kind_and_route(kind: str) -> None:
    """The members of an event show its shape; method and API come from the ARN, the route from API Gateway."""
    request = parse_request(authorizer_event(kind, "t", method="POST", path="/reports/7", template="/reports/{id}"))
    assert request.kind == kind
    assert (request.arn, request.api_id) == (method_arn("POST", "/reports/7"), API_ID)
    assert (request.method, request.path) == ("POST", "reports/7")
    assert request.template == (None if kind == "rest_token" else "/reports/{id}")


def test_default_route_is_a_template() -> None:
    """The route $default of an HTTP API is named as it is."""
    assert parse_request(authorizer_event("http_2.0", "t", template="$default")).template == "$default"


def test_rest_request_event_without_a_version_is_rest() -> None:
    """The same event is an HTTP API's when it says version 1.0, and a REST API's when it says nothing."""
    event = authorizer_event("rest_request", "t")
    assert parse_request(event).kind is ApiKind.REST_REQUEST
    assert parse_request({**event, "version": "1.0"}).kind is ApiKind.HTTP_1_0


@pytest.mark.parametrize("kind", ["rest_request", "http_1.0", "http_2.0"])
def test_method_and_route_are_the_gateways(kind: str) -> None:
    """R58, G7, G8: headers and raw paths do not change the request that is decided about."""
    event = authorizer_event(kind, "t")
    plain = parse_request(event)
    event["headers"] |= {
        "X-HTTP-Method-Override": "DELETE",
        "X-Forwarded-Uri": "/admin",
        "x-amzn-request-context": '{"http": {"method": "DELETE"}}',
    }
    event |= {"rawPath": "/admin", "path": "/admin", "httpMethod": "DELETE"}
    request = parse_request(event)
    assert (request.method, request.path, request.template, request.arn) == (
        plain.method,
        plain.path,
        plain.template,
        plain.arn,
    )


@pytest.mark.parametrize("kind", ["rest_request", "http_1.0", "http_2.0"])
@pytest.mark.parametrize(
    "host", [f"{API_ID}.execute-api.eu-central-1.amazonaws.com", "api.example.com", "evil.example"]
)
def test_the_host_that_was_called_changes_nothing(kind: str, host: str) -> None:
    """G11: at the API's own execute-api endpoint as at a domain in front of it, the same route is asked for."""
    event = authorizer_event(kind, "t")
    plain = parse_request(event)
    event["headers"] |= {"Host": host, "X-Forwarded-Host": host}
    event["requestContext"] = {**event["requestContext"], "domainName": host, "domainPrefix": host.partition(".")[0]}
    request = parse_request(event)
    assert (request.api_id, request.arn, request.template) == (plain.api_id, plain.arn, plain.template)


def test_root_has_an_empty_path() -> None:
    """The root of an API has no segments, with or without the ARN's last slash."""
    event = {"type": "TOKEN", "authorizationToken": "x", "methodArn": method_arn("GET", "/")}
    assert parse_request(event).path == ""
    assert parse_request({**event, "methodArn": method_arn("GET", "")}).path == ""


@pytest.mark.parametrize("name", ["$default", "$connect"])
def test_an_arn_may_end_in_a_named_route(name: str) -> None:
    """An ARN without a method has no path; for `$default` both are the event's own, whose method R58 names."""
    request = parse_request(authorizer_event("rest_request", "t", template=name) | {"methodArn": method_arn(name, "")})
    expected = ("GET", "", ("reports",)) if name == "$default" else (name, "", ("",))
    assert (request.method, request.path, request.paths) == expected


def test_a_mapping_has_four_segments_at_most() -> None:
    """G7: an ARN that names the route leaves the sent path, less none to four of its segments."""
    event = authorizer_event("rest_request", "token")
    api_and_stage = event["methodArn"].rsplit("/", event["methodArn"].count("/") - 1)[0]
    event |= {"methodArn": f"{api_and_stage}/GET/reports/{{id}}", "resource": "/reports/{id}", "path": "/a/b/c/d/e/f"}
    event["requestContext"] = {**event["requestContext"], "domainName": "api.example.com"}
    assert parse_request(event).paths == ("reports/{id}", "a/b/c/d/e/f", "b/c/d/e/f", "c/d/e/f", "d/e/f", "e/f")


@pytest.mark.parametrize("kind", ["rest_request", "http_1.0", "http_2.0"])
def test_only_a_token_event_brings_its_credentials_beside_the_headers(kind: str) -> None:
    """R56: `authorizationToken` in any other event is none of API Gateway's."""
    assert parse_request(authorizer_event(kind, "t") | {"authorizationToken": "Bearer x"}).authorization is None


@pytest.mark.parametrize(
    ("event", "text"),
    [
        ([], "the event is not a JSON object"),
        ({}, "the event is not one of an API Gateway authorizer"),
        ({"type": "TOKEN", "methodArn": None}, "the event's methodArn is not a string"),
        ({"type": "TOKEN", "methodArn": "arn:aws:execute-api"}, "the event's ARN is not one of execute-api"),
        (
            {"type": "TOKEN", "methodArn": "urn:aws:execute-api:r:1:a/s/GET/x"},
            "the event's ARN is not one of execute-api",
        ),
        ({"type": "TOKEN", "methodArn": "arn:aws:execute-api:r:1:a/s//x"}, "the event's ARN names no HTTP method"),
        ({"type": "TOKEN", "methodArn": "arn:aws:execute-api:r:1:a/s/G T"}, "the event's ARN names no HTTP method"),
        ({"type": "TOKEN", "methodArn": "arn:aws:execute-api:r:1:a/s"}, "the event's ARN names no HTTP method"),
    ],
)
def test_what_is_wrong_with_an_event_is_said(event: Any, text: str) -> None:
    """The log of a fault names the wrong part of the event, and repeats nothing of it."""
    with pytest.raises(UnknownEvent) as raised:
        parse_request(event)
    assert str(raised.value) == text


def test_colon_in_the_path_stays_in_the_path() -> None:
    """Only the ARN's own colons part it."""
    event = authorizer_event("rest_token", "t", path="/things/a:b:c")
    assert parse_request(event).path == "things/a:b:c"


@pytest.mark.parametrize(
    "event",
    [
        None,
        [],
        "TOKEN",
        {},
        {"type": "TOKEN"},
        {"type": "REQUEST"},
        {"type": "TOKEN", "methodArn": None},
        {"type": "TOKEN", "methodArn": ""},
        {"type": "TOKEN", "methodArn": "arn:aws:s3:::bucket/stage/GET/x"},
        {"type": "TOKEN", "methodArn": "arn:aws:execute-api:r:1:api"},
        {"type": "TOKEN", "methodArn": "arn:aws:execute-api:r:1:api/stage//x"},
        {"type": "TOKEN", "methodArn": "arn:aws:execute-api:r:1:api/stage/a b/x"},
        {"type": "REQUEST", "methodArn": "arn:aws:execute-api:r:1:api/stage/$connect"},
        {"type": "REQUEST", "methodArn": "arn:aws:execute-api:r:1:api/stage/GET/x", "resource": None},
        {"type": "REQUEST", "methodArn": "arn:aws:execute-api:r:1:api/stage/GET/x", "resource": 5},
        {"version": "2.0", "type": "REQUEST", "routeKey": "GET /x"},
        {"version": "3.0", "routeArn": "arn:aws:execute-api:r:1:api/stage/GET/x", "routeKey": "GET /x"},
        {"version": "2.0", "routeArn": "arn:aws:execute-api:r:1:api/stage/GET/x", "routeKey": None},
        {"version": "2.0", "routeKey": "GET /x", "rawPath": "/x", "requestContext": {"http": {"method": "GET"}}},
        {"authorizationToken": "x", "requestContext": {"apiId": "appsync"}},
    ],
)
def test_other_event_is_a_fault(event: Any) -> None:
    """An event that API Gateway does not send to an authorizer is neither allowed nor denied."""
    with pytest.raises(UnknownEvent):
        parse_request(event)


TIME_OF = {"rest_request": "requestTimeEpoch", "http_1.0": "requestTimeEpoch", "http_2.0": "timeEpoch"}


@pytest.mark.parametrize("kind", sorted(TIME_OF))
def test_a_requests_time_is_api_gateways(kind: str) -> None:
    """R47: each event but TOKEN has API Gateway's time of the request, which no caller chooses."""
    event = authorizer_event(kind, "t")
    event["requestContext"][TIME_OF[kind]] = 1_790_000_123_456
    event["headers"] |= {"x-amzn-request-time": "1790009999999", "date": "Sun, 06 Nov 1994 08:49:37 GMT"}
    assert parse_request(event).time == 1_790_000_123.456


def test_a_handshake_has_the_time_of_a_rest_request() -> None:
    """R47, G12: a WebSocket API writes `requestTimeEpoch`."""
    context = {"eventType": "CONNECT", "requestTimeEpoch": 1_790_000_123_456}
    event = {"type": "REQUEST", "methodArn": method_arn("$connect", ""), "requestContext": context}
    assert parse_request(event).time == 1_790_000_123.456


@pytest.mark.parametrize("kind", sorted(TIME_OF))
@pytest.mark.parametrize("context", [None, [], "x", {}, {"t": 1}])
@pytest.mark.parametrize("value", [None, True, "1790000000000", 1.79e12, -1, 0, 1_790_000_000, 10**40])
def test_a_time_that_is_none_is_no_fault(kind: str, context: object, value: object) -> None:
    """R47: a request with another value instead of a time is read, and has no time."""
    event = authorizer_event(kind, "t")
    event["requestContext"] = {TIME_OF[kind]: value} if context == {"t": 1} else context
    assert parse_request(event).time is None


def test_a_token_event_has_the_deadline_alone() -> None:
    """R47: a TOKEN event has no requestContext, so that an inserted one is ignored."""
    event = authorizer_event("rest_token", "t")
    context = lambda_context(deadline=1_790_000_003_000)
    assert (parse_request(event).time, parse_request(event).deadline) == (None, None)
    assert parse_request(event, context).deadline == 1_790_000_003.0
    assert parse_request({**event, "requestContext": "x"}, context).time is None


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("deadline", [None, True, "1790000003000", 1.79e12, -1, 0, 1_790_000_003, 10**40, object()])
def test_a_context_without_a_deadline_is_no_fault(kind: str, deadline: object) -> None:
    """R47: the runtime's attribute has no public name: if it is missing or has another value, the deadline is None."""
    assert parse_request(authorizer_event(kind, "t"), lambda_context(deadline=deadline)).deadline is None
    assert parse_request(authorizer_event(kind, "t"), object()).deadline is None
    assert parse_request(authorizer_event(kind, "t"), None).deadline is None
