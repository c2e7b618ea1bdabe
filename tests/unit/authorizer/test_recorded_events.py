"""Events that others recorded: each authorizer event gets an answer of the right shape."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from authorizer.app import AuthorizerFault, lambda_handler
from authorizer.request import parse_request

if TYPE_CHECKING:
    from tests.unit.authorizer.conftest import AuthorizerWorld

VECTORS = Path(os.environ.get("KEYTURN_VECTORS", Path(__file__).parents[4] / "shared" / "vectors"))
POWERTOOLS = VECTORS / "events-powertools" / "tests" / "events"
LAMBDA_GO = VECTORS / "events-aws-lambda-go" / "events" / "testdata"
RECORDED = [
    (POWERTOOLS / "apiGatewayAuthorizerTokenEvent.json", "rest_token"),
    (POWERTOOLS / "apiGatewayAuthorizerRequestEvent.json", "http_1.0"),
    (POWERTOOLS / "apiGatewayAuthorizerV2Event.json", "http_2.0"),
    (LAMBDA_GO / "apigw-custom-auth-request.json", "rest_token"),
    (LAMBDA_GO / "apigw-custom-auth-request-type-request.json", "rest_request"),
    (LAMBDA_GO / "apigw-v2-custom-authorizer-v1-request.json", "http_1.0"),
    (LAMBDA_GO / "apigw-v2-custom-authorizer-v2-request.json", "http_2.0"),
]
OTHERS = [
    POWERTOOLS / "appSyncAuthorizerEvent.json",
    POWERTOOLS / "apiGatewayProxyV2Event.json",
    POWERTOOLS / "apiGatewayProxyEvent.json",
    LAMBDA_GO / "apigw-v2-request-no-authorizer.json",
    LAMBDA_GO / "apigw-websocket-request.json",
]

pytestmark = pytest.mark.skipif(not POWERTOOLS.is_dir(), reason="the recorded events are not here (KEYTURN_VECTORS)")


def read(path: Path) -> dict[str, Any]:
    event: dict[str, Any] = json.loads(path.read_text())
    return event


@pytest.mark.parametrize(("path", "kind"), RECORDED, ids=lambda value: getattr(value, "name", value))
def test_recorded_event_is_refused_in_its_own_shape(world: AuthorizerWorld, path: Path, kind: str) -> None:
    """R57: an event without a good token is Unauthorized for REST, a Deny for HTTP 1.0, a false for HTTP 2.0."""
    event = read(path)
    assert parse_request(event).kind == kind
    if kind in ("rest_token", "rest_request"):
        with pytest.raises(Exception, match=r"^Unauthorized$"):
            lambda_handler(event, None)
    elif kind == "http_1.0":
        [statement] = lambda_handler(event, None)["policyDocument"]["Statement"]
        assert (statement["Effect"], statement["Resource"]) == ("Deny", event["methodArn"])
    else:
        assert lambda_handler(event, None) == {"isAuthorized": False}
    assert [line["event"] for line in world.lines()] == ["refused"]


@pytest.mark.parametrize(("path", "kind"), RECORDED, ids=lambda value: getattr(value, "name", value))
def test_recorded_event_with_a_good_token_is_forbidden(
    world: AuthorizerWorld, token: str, path: Path, kind: str
) -> None:
    """R57: the same event with a good token is for an API without rules: denied, rather than Unauthorized."""
    event = read(path)
    if kind == "rest_token":
        event["authorizationToken"] = f"Bearer {token}"
    else:
        event["headers"] = {"Authorization": f"Bearer {token}"}
        event.pop("multiValueHeaders", None)
    answer = lambda_handler(event, None)
    if kind == "http_2.0":
        assert answer == {"isAuthorized": False}
    else:
        assert answer["policyDocument"]["Statement"][0]["Effect"] == "Deny"
    assert [line["reason"] for line in world.lines()] == ["no_rule"]


@pytest.mark.parametrize("path", OTHERS, ids=lambda value: value.name)
def test_recorded_event_of_another_kind_is_a_fault(world: AuthorizerWorld, path: Path) -> None:
    """An event of another kind, or of an unsupported API, gets no answer."""
    with pytest.raises(AuthorizerFault):
        lambda_handler(read(path), None)


@pytest.mark.parametrize(
    ("path", "time"),
    [
        (POWERTOOLS / "apiGatewayAuthorizerRequestEvent.json", 1629470210.043),
        (POWERTOOLS / "apiGatewayAuthorizerV2Event.json", 1583348638.390),
        (LAMBDA_GO / "apigw-v2-custom-authorizer-v2-request.json", 1583348638.390),
        (POWERTOOLS / "apiGatewayAuthorizerTokenEvent.json", None),
        (LAMBDA_GO / "apigw-custom-auth-request-type-request.json", None),  # a requestContext without a time
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_recorded_event_has_its_time_where_we_look(path: Path, time: float | None) -> None:
    """R47: API Gateway's time of the request stands where events of others have it."""
    assert parse_request(read(path)).time == time
