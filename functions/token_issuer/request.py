"""A request to the issuer: its client, and the web page that may read the response."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keyturn.web.request import Request

if TYPE_CHECKING:
    from keyturn.domain.clients.client import Client


class IssuerRequest(Request):
    """A request with the authenticated `client`, None before authentication, and the `origin` of a web page."""

    __slots__ = ("client", "origin")

    def __init__(self, event: dict[str, Any]) -> None:
        super().__init__(event)
        self.origin = self.headers.get("origin")
        self.client: Client | None = None

    def note_client(self, client: Client) -> None:
        """Store the authenticated client for the log and for CORS."""
        self.client = client
        self.note(client_id=client.client_id)
