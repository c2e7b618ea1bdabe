"""What the router needs of an endpoint."""

from __future__ import annotations

from typing import Protocol

from keyturn.web.responses import Response
from token_issuer.request import IssuerRequest


class Endpoint(Protocol):
    """One path: the methods that it takes, and its answer."""

    @property
    def methods(self) -> tuple[str, ...]:
        """The HTTP methods that it takes."""

    @property
    def cors(self) -> bool:
        """Whether web pages may read its answers, by the registration of the client that authenticates."""

    def respond(self, request: IssuerRequest, /) -> Response:
        """Return the answer; raises OAuthError, and KeyturnError for faults."""
