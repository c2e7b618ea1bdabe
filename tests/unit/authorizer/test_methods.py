"""Methods without a name in the rules: the caller chooses them, so that they are refusals (RFC 9110 §9.1)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from authorizer.app import lambda_handler
from authorizer.request import parse_request
from keyturn.domain.access.access_rules import parse_access_rules
from keyturn.jose import VerifiedAccessToken
from tests.fakes.authorizer_events import API_ID, KINDS, authorizer_event, method_arn
from tests.fakes.iam_policy import allows
from tests.fakes.token_factory import good_claims, make_token

if TYPE_CHECKING:
    from tests.unit.authorizer.conftest import AuthorizerWorld

ODD = ("M-SEARCH", "get", "Get", "VERSION-CONTROL", "*", "P0ST", "$default", "!#$%&'*+.^_`|~")
OPEN: dict[str, Any] = {"ANY /reports": [], "GET /reports": [], "ANY /{proxy+}": [], "ANY /": []}
CACHED = {"answer": "policy", "cached_by": "token"}


@pytest.fixture
def open_world(world: AuthorizerWorld) -> AuthorizerWorld:
    """Return an authorizer whose rules open everything to each method."""
    world.document = {"apis": {"*": {"routes": OPEN | {"$default": []}}}}
    world.authorizer = world.build("simple")
    return world


def answers(kind: str, method: str) -> list[Any]:
    """Return the answers to a request with a good token, below each of the routes."""
    events = [
        authorizer_event(kind, make_token(), method=method, template=template) for template in ("/reports", "/{proxy+}")
    ]
    return [lambda_handler(event, None) for event in events]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method", ODD)
def test_an_odd_method_is_refused(open_world: AuthorizerWorld, kind: str, method: str) -> None:
    """R57: an odd method is denied although ANY has a rule, without a fault that would set off an alarm."""
    for answer in answers(kind, method):
        if "isAuthorized" in answer:
            assert answer["isAuthorized"] is False
        else:
            assert not allows(answer["policyDocument"], method_arn(method, "/reports"))
            assert not allows(answer["policyDocument"], method_arn("GET", "/other"))
    assert {(line["event"], line["reason"]) for line in open_world.lines()} == {("refused", "unknown_method")}


@pytest.mark.parametrize("kind", ["http_1.0", "http_2.0"])
@pytest.mark.parametrize("method", ODD[:-1])
def test_an_odd_method_at_the_default_route_is_refused(open_world: AuthorizerWorld, kind: str, method: str) -> None:
    """R57, G7: where the ARN ends in `$default`, the event's own method decides in the same way."""
    arn = method_arn("$default", "")
    event = authorizer_event(kind, make_token(), method=method, template="$default")
    lambda_handler(event | {"methodArn": arn, "routeArn": arn}, None)
    assert [line["reason"] for line in open_world.lines()] == ["unknown_method"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PROPFIND", "TRACE"])
def test_a_method_in_capital_letters_has_the_rule_for_any(open_world: AuthorizerWorld, kind: str, method: str) -> None:
    """G7: ANY stands for each method in capital letters, registered or future."""
    answers(kind, method)
    assert {line["event"] for line in open_world.lines()} == {"allowed"}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("routes", [OPEN, {"GET /x": []}, {}])
@pytest.mark.parametrize("members", [{}, CACHED])
def test_an_odd_method_requires_no_rule(kind: str, routes: dict[str, Any], members: dict[str, Any]) -> None:
    """R55: the reason is the same whatever rules there are, with the result cache and without it."""
    rules = parse_access_rules(json.dumps({"apis": {"*": {"routes": routes, **members}}})).of_api(API_ID)
    request = parse_request(authorizer_event(kind, "t", method="M-SEARCH"))
    assert not rules.required_rules(request)
    assert rules.refusal(request, VerifiedAccessToken(good_claims(), "kid")) == "unknown_method"


def test_the_method_of_a_handshake_is_its_route(world: AuthorizerWorld) -> None:
    """G12: `$connect` is no method, and its rule decides."""
    event: dict[str, Any] = {
        "type": "REQUEST",
        "methodArn": method_arn("$connect", ""),
        "headers": {"Authorization": f"Bearer {make_token(claims={'scope': 'reports:read'})}"},
        "requestContext": {"eventType": "CONNECT"},
    }
    assert allows(lambda_handler(event, None)["policyDocument"], event["methodArn"])
