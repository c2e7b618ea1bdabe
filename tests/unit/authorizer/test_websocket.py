"""The handshake of a WebSocket API: the one event whose token may stand in Sec-WebSocket-Protocol (R60, G12)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from authorizer.app import AuthorizerFault, lambda_handler
from tests.fakes.authorizer_events import API_ID
from tests.fakes.token_factory import make_token

if TYPE_CHECKING:
    from tests.unit.authorizer.conftest import AuthorizerWorld

ARN = f"arn:aws:execute-api:eu-central-1:123456789012:{API_ID}/prod/$connect"


def handshake(**headers: str | list[str]) -> dict[str, Any]:
    """Return the event of a handshake; an underscore in a header's name stands for a hyphen, a list for its lines."""
    sent = {name.replace("_", "-"): [value] if isinstance(value, str) else value for name, value in headers.items()}
    last = {name: lines[-1] for name, lines in sent.items()}
    return {
        "type": "REQUEST",
        "methodArn": ARN,
        "headers": {"Host": "example.com", "Sec-WebSocket-Version": "13", **last},
        "multiValueHeaders": {"Host": ["example.com"], **sent},
        "queryStringParameters": {"access_token": "of no account"},
        "requestContext": {"routeKey": "$connect", "eventType": "CONNECT", "stage": "prod", "apiId": API_ID},
    }


def effect(event: dict[str, Any]) -> str:
    """Return what the policy says about the handshake."""
    [statement] = lambda_handler(event, None)["policyDocument"]["Statement"]
    assert statement["Resource"] == ARN
    allowed: str = statement["Effect"]
    return allowed


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer {}"},
        {"Sec_WebSocket_Protocol": "bearer, {}"},
        {"sec_websocket_protocol": "chat.v1,bearer,{},chat.v2"},
        {"Authorization": "Bearer {}", "Sec_WebSocket_Protocol": "chat.v1"},
    ],
)
def test_a_good_token_connects(world: AuthorizerWorld, token: str, headers: dict[str, str]) -> None:
    """R56, R60: the token is in Authorization, or right after the protocol `bearer`; the backend gets exp."""
    answer = lambda_handler(handshake(**{name: value.replace("{}", token) for name, value in headers.items()}), None)
    assert answer["policyDocument"]["Statement"] == [
        {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": ARN}
    ]
    assert answer["context"]["exp"].isdigit()
    assert token not in str(answer)


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({}, "missing_credentials"),
        ({"Sec_WebSocket_Protocol": "chat.v1"}, "missing_credentials"),
        ({"Sec_WebSocket_Protocol": "{}"}, "missing_credentials"),
        ({"Sec_WebSocket_Protocol": "Xbearer, {}"}, "missing_credentials"),
        ({"Sec_WebSocket_Protocol": "\vbearer, {}"}, "missing_credentials"),
        ({"Sec_WebSocket_Protocol": "bearer"}, "malformed_credentials"),
        ({"Sec_WebSocket_Protocol": "{}, bearer"}, "malformed_credentials"),
        ({"Sec_WebSocket_Protocol": "bearer, {}, bearer, {}"}, "several_credentials"),
        ({"Authorization": "Bearer {}", "Sec_WebSocket_Protocol": "bearer, {}"}, "several_credentials"),
        ({"Authorization": "Bearer {}", "authorization": "Bearer {}"}, "several_credentials"),
        ({"Sec_WebSocket_Protocol": "bearer, {}", "sec_websocket_protocol": "chat"}, "several_credentials"),
    ],
)
def test_anything_but_one_token_is_denied(
    world: AuthorizerWorld, token: str, headers: dict[str, str], reason: str
) -> None:
    """R56: a missing token, several, or one in a wrong place is refused; the query is ignored."""
    assert effect(handshake(**{name: value.replace("{}", token) for name, value in headers.items()})) == "Deny"
    assert [line["reason"] for line in world.lines()] == [reason]


@pytest.mark.parametrize(
    "lines",
    [
        ["bearer", "{}"],
        ["bearer, {}", "chat.v1"],
        ["chat.v1", "bearer, {}"],
        ["chat.v1, bearer", "{}, chat.v2"],
        ["bearer,,{},", ""],
        ["bearer ,\t{}"],
    ],
)
def test_several_lines_of_protocols_are_one_list(world: AuthorizerWorld, token: str, lines: list[str]) -> None:
    """R60: RFC 6455 §11.3.4 lets a handshake have several lines of protocols, which mean the joined list."""
    event = handshake(Sec_WebSocket_Protocol=[line.replace("{}", token) for line in lines])
    assert effect(event) == "Allow"
    event["multiValueHeaders"] = None
    event["headers"]["Sec-WebSocket-Protocol"] = ", ".join(lines).replace("{}", token)
    assert effect(event) == "Allow"


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (["{}", "bearer"], "malformed_credentials"),
        (["bearer", "chat.v1", "{}"], "invalid_token"),
        (["bearer, {}", "bearer, {}"], "several_credentials"),
        (["chat.v1", "chat.v2"], "missing_credentials"),
        ([None], "missing_credentials"),
    ],
)
def test_the_token_is_right_after_bearer_in_the_list(
    world: AuthorizerWorld, token: str, lines: list[Any], reason: str
) -> None:
    """R56: the order of the lines counts, and a second `bearer` in another line is one too many."""
    event = handshake(Sec_WebSocket_Protocol=[line and line.replace("{}", token) for line in lines])
    assert effect(event) == "Deny"
    assert [line["reason"] for line in world.lines()] == [reason]


def test_a_token_without_the_scope_is_denied(world: AuthorizerWorld) -> None:
    """The rule of `$connect` asks for scopes as any other."""
    raw = make_token(claims={"scope": "something:else"})
    assert effect(handshake(Authorization=f"Bearer {raw}")) == "Deny"
    assert [line["reason"] for line in world.lines()] == ["insufficient_scope"]


@pytest.mark.parametrize("kind", ["MESSAGE", "DISCONNECT", None])
def test_no_other_event_of_a_websocket_api_is_answered(world: AuthorizerWorld, token: str, kind: str | None) -> None:
    """G12: API Gateway asks about connections alone; a request about something else is refused."""
    event = handshake(Authorization=f"Bearer {token}")
    event["requestContext"]["eventType"] = kind
    with pytest.raises(AuthorizerFault):
        lambda_handler(event, None)


def test_a_protocol_is_no_credential_elsewhere(world: AuthorizerWorld, token: str) -> None:
    """A REST or an HTTP API's request has its token in the Authorization header alone."""
    event = handshake(Sec_WebSocket_Protocol=f"bearer, {token}") | {
        "resource": "/reports",
        "methodArn": ARN.replace("$connect", "GET/reports"),
    }
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        lambda_handler(event, None)
