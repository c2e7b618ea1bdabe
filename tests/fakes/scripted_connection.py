"""A stand-in for `http.client.HTTPConnection`: each request meets the next outcome of a script."""

from __future__ import annotations

import http.client
import json
from typing import Any


class Answer:
    """One HTTP answer."""

    def __init__(self, status: int, body: bytes | dict[str, Any], date: str | None = None) -> None:
        """Take the status, the body, JSON if it is a dict, and the Date header."""
        self.status = status
        self._date = date
        self._body = body if isinstance(body, bytes) else json.dumps(body).encode()

    def getheader(self, name: str) -> str | None:
        """Return a header."""
        return {"Date": self._date}[name]

    def read(self) -> bytes:
        """Return the body."""
        return self._body


def failure(kind: str, status: int = 400) -> Answer:
    """Return the answer by which DynamoDB reports an error of this kind."""
    return Answer(status, {"__type": f"com.amazonaws.dynamodb.v20120810#{kind}", "message": "secret detail"})


class ScriptedConnections:
    """Opens connections that share one script of answers and exceptions; `requests` holds what they were sent.

    `opened` counts connections, `closed` those that were closed again.
    """

    def __init__(self, *script: Answer | Exception) -> None:
        """Play this script."""
        self.script = list(script)
        self.requests: list[tuple[dict[str, str], dict[str, Any]]] = []
        self.opened = 0
        self.closed = 0

    def __call__(self, origin: str) -> http.client.HTTPConnection:
        """Open one more connection."""
        self.opened += 1
        return _ScriptedConnection(self)


class _ScriptedConnection(http.client.HTTPConnection):
    def __init__(self, connections: ScriptedConnections) -> None:
        super().__init__("scripted.invalid")
        self._connections = connections

    def request(self, method: str, url: str, body: Any = None, headers: Any = None, **_: Any) -> None:
        assert (method, url) == ("POST", "/")
        self._connections.requests.append((dict(headers), json.loads(body)))

    def getresponse(self) -> Any:
        outcome = self._connections.script.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def close(self) -> None:
        self._connections.closed += 1
