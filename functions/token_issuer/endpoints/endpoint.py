"""The interface of an endpoint."""

from __future__ import annotations

from typing import Protocol

from keyturn.web.responses import Response
from token_issuer.request import IssuerRequest


class Endpoint(Protocol):
    """One path: its methods and its response."""

    @property
    def methods(self) -> tuple[str, ...]:
        """The HTTP methods that the endpoint accepts."""

    def respond(self, request: IssuerRequest, /) -> Response:
        """Return the response; raises OAuthError, or KeyturnError for a fault."""
