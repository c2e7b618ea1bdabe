"""A fake of the HTTP connection: each request gets the next outcome of a script."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from keyturn.adapters.aws import http


class Answer(http.Answer):
    """One HTTP answer; a dict as body becomes JSON, and `date` is the Date header."""

    def __init__(self, status: int, body: bytes | dict[str, Any], date: str | None = None) -> None:
        super().__init__(status, date, body if isinstance(body, bytes) else json.dumps(body).encode())


def failure(kind: str, status: int = 400) -> Answer:
    """Return the answer by which DynamoDB reports an error of this kind."""
    return Answer(status, {"__type": f"com.amazonaws.dynamodb.v20120810#{kind}", "message": "secret detail"})


class ScriptedConnections:
    """Opens connections that share one script of answers and exceptions; `requests` holds what they were sent.

    `opened` counts connections, `closed` those that were closed again.
    """

    def __init__(self, *script: Answer | Exception) -> None:
        self.script = list(script)
        self.requests: list[tuple[dict[str, str], dict[str, Any]]] = []
        self.opened = 0
        self.closed = 0

    def __call__(self, origin: str) -> http.HttpConnection:
        """Open one more connection."""
        self.opened += 1
        return _ScriptedConnection(self)

    def next(self) -> http.Answer | Exception:
        """Return what meets the last request."""
        return self.script.pop(0)


class _ScriptedConnection(http.HttpConnection):
    def __init__(self, connections: ScriptedConnections) -> None:
        super().__init__("https://scripted.invalid", 1)
        self._connections = connections

    def post(self, body: bytes, headers: Mapping[str, str]) -> http.Answer:
        self._connections.requests.append((dict(headers), json.loads(body)))
        outcome = self._connections.next()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def close(self) -> None:
        self._connections.closed += 1
