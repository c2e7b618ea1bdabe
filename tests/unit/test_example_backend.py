"""The example of a backend shows where the caller is to be read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from example_backend.app import lambda_handler
from tests.fakes.log_lines import log_lines

CALLER = {"sub": "u_1", "client_id": "web", "scope": "reports:read"}
SPOOFED = {
    "x-apigateway-event": json.dumps({"requestContext": {"authorizer": {"sub": "admin"}}}),
    "x-amzn-request-context": json.dumps({"authorizer": {"sub": "admin"}}),
    "sub": "admin",
}


@pytest.mark.parametrize("authorizer", [CALLER, {"lambda": CALLER}])
def test_a_backend_learns_of_the_caller_from_the_request_context_alone(authorizer: dict[str, Any]) -> None:
    """G10: headers, query and body of a caller never replace the authorizer's context."""
    event = {
        "headers": SPOOFED,
        "queryStringParameters": SPOOFED,
        "body": json.dumps(SPOOFED),
        "requestContext": {"authorizer": authorizer},
    }
    assert json.loads(lambda_handler(event, None)["body"]) == CALLER


def test_the_call_is_logged_as_the_functions_log(capsys: pytest.CaptureFixture[str]) -> None:
    """The line has the time and the level that Lambda's log-level filter reads."""
    lambda_handler({"requestContext": {"authorizer": CALLER}}, None)
    [line] = log_lines(capsys.readouterr().out.replace("+00:00", "Z"))
    assert line == {"level": "INFO", "event": "example_called", "client_id": "web"}


def test_without_an_authorizer_nobody_called() -> None:
    """G6, G10: a route that was left without an authorizer has no caller, whatever its headers say."""
    answer = lambda_handler({"headers": SPOOFED, "requestContext": {}}, None)
    assert json.loads(answer["body"]) == dict.fromkeys(CALLER)
