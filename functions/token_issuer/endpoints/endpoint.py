"""What the router needs of an endpoint."""

from __future__ import annotations

from typing import Protocol

from token_issuer.request import Request
from token_issuer.responses import Response


class Endpoint(Protocol):
    """One path: the methods that it takes, and its answer."""

    @property
    def methods(self) -> tuple[str, ...]:
        """The HTTP methods that it takes."""

    @property
    def cors(self) -> bool:
        """Whether web pages may read its answers, by the registration of the client that authenticates."""

    def respond(self, request: Request, /) -> Response:
        """Return the answer; raises OAuthError, and KeyturnError for faults."""
