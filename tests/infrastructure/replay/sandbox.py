"""The authorizer's real handler in a sandbox, on a fake DynamoDB, invoked at times that a replay sets."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

from authorizer import app
from tests.fakes.authorizer_events import authorizer_event
from tests.fakes.composed_authorizer import ENVIRON, ComposedAuthorizer
from tests.fakes.scripted_connection import ScriptedConnections
from tests.fakes.token_factory import make_token
from tests.infrastructure.replay.account import Function

_TOKEN_SECONDS = 600


class Sandbox:
    """One sandbox of the authorizer; its monotonic clock stands still between requests, as Lambda freezes it.

    `before` runs before each answer of DynamoDB, with the operation and its table. The environment has credentials: see
    `credentials`.
    """

    def __init__(
        self, function: Function, mode: str = "snapshot", parameters: ScriptedConnections | None = None
    ) -> None:
        """Start it; `parameters` is what SSM answers where the access rules are a parameter."""
        self._function = function
        with patch.dict(ENVIRON, AWS_LAMBDA_FUNCTION_NAME=function.name):
            self._composed = ComposedAuthorizer(mode, parameters)
        self._token = ""
        self._issued_at = float("-inf")
        self.before: Callable[[str, str], None] = lambda operation, table: None
        self._composed.dynamodb.before = self._before

    def pass_time(self, seconds: float) -> None:
        """Let time pass within a request."""
        self._composed.now += seconds

    def request(self, at: float, weight: int = 1, *, kind: str = "http_2.0", token: str | None = None) -> object:
        """Send a request of a kind of API, with a good token by default; return the answer or the exception."""
        composed = self._composed
        composed.frozen += at - composed.now
        composed.now = at
        composed.dynamodb.date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(at))
        event = timed(_event(kind, self._good_token(at) if token is None else token), at)
        with patch.object(app, "bootstrap", lambda: composed.function):
            return self._function.invoke(lambda: app.lambda_handler(event, None), at, weight)

    def _before(self, operation: str, table: str) -> None:
        self.before(operation, table)

    def _good_token(self, at: float) -> str:
        if at - self._issued_at >= _TOKEN_SECONDS:
            self._token = make_token(claims={"iat": int(at), "exp": int(at) + 900})
            self._issued_at = at
        return self._token


@functools.cache
def _event(kind: str, token: str) -> dict[str, Any]:
    return authorizer_event(kind, token)


def timed(event: dict[str, Any], at: float) -> dict[str, Any]:
    """Return an event with API Gateway's time in it, where its kind has one."""
    context = event.get("requestContext", {})
    for name in context.keys() & {"timeEpoch", "requestTimeEpoch"}:
        context[name] = int(at * 1000)
    return event


def credentials() -> Any:
    """Return a context in which the environment has what a request to DynamoDB is signed with."""
    return patch.dict("os.environ", {name: value for name, value in ENVIRON.items() if name.startswith("AWS_")})


def bound(seconds: int) -> Any:
    """Return a context in which sandboxes that start have this revocation bound."""
    return patch.dict(ENVIRON, REVOCATION_BOUND_SECONDS=str(seconds))
