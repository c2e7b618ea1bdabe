"""The interface of an endpoint, for the router."""

from __future__ import annotations

from typing import Protocol

from keyturn.web.request import Request
from keyturn.web.responses import Response


class Endpoint(Protocol):
    """One path: the methods that it takes, and its response."""

    @property
    def methods(self) -> tuple[str, ...]:
        """The HTTP methods that it takes."""

    def respond(self, request: Request, /) -> Response:
        """Return the response; raises Refusal and BadRequest, and KeyturnError for faults."""
