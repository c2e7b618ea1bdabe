"""The backends of examples/ show where the caller is to be read."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[2] / "examples"
CALLER = {"sub": "u_1", "client_id": "web", "scope": "reports:read"}
SPOOFED = {
    "x-apigateway-event": json.dumps({"requestContext": {"authorizer": {"sub": "admin", "lambda": CALLER}}}),
    "x-amzn-request-context": json.dumps({"authorizer": {"sub": "admin", "lambda": CALLER}}),
    "sub": "admin",
}


def answer(example: str, event: dict[str, Any]) -> dict[str, Any]:
    """Return the answer of an example's backend."""
    spec = importlib.util.spec_from_file_location("backend", FOLDER / example / "backend" / "backend.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    returned: dict[str, Any] = module.lambda_handler(event, None)
    return returned


@pytest.mark.parametrize(("example", "authorizer"), [("rest-api", CALLER), ("http-api", {"lambda": CALLER})])
def test_a_backend_reads_the_caller_from_the_request_context_alone(example: str, authorizer: dict[str, Any]) -> None:
    """G10: headers, query and body of a caller never replace the authorizer's context."""
    event = {
        "headers": SPOOFED,
        "queryStringParameters": SPOOFED,
        "body": json.dumps(SPOOFED),
        "requestContext": {"authorizer": authorizer},
    }
    assert json.loads(answer(example, event)["body"]) == CALLER


@pytest.mark.parametrize("example", ["rest-api", "http-api"])
def test_a_route_without_an_authorizer_fails(example: str) -> None:
    """G6, G10: a route that lost its authorizer is an error of the backend, whatever its headers say."""
    with pytest.raises(KeyError, match="authorizer"):
        answer(example, {"headers": SPOOFED, "requestContext": {}})


@pytest.mark.parametrize(
    ("headers", "chosen"),
    [
        ({"Sec-WebSocket-Protocol": "bearer, token"}, {"Sec-WebSocket-Protocol": "bearer"}),
        ({"sec-websocket-protocol": "bearer, token"}, {"Sec-WebSocket-Protocol": "bearer"}),
        ({"Authorization": "Bearer token"}, None),
    ],
)
def test_a_browser_gets_the_protocol_that_it_offered(headers: dict[str, str], chosen: dict[str, str] | None) -> None:
    """R60: the answer names the protocol `bearer` alone, if the client offered it with its token (RFC 6455 §4.1)."""
    handshake = answer("websocket-api", {"headers": headers})
    assert (handshake["statusCode"], handshake.get("headers")) == (200, chosen)
