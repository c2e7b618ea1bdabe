"""A request to the issuer: who sent it, and whether a web page may read the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keyturn.web.request import Request

if TYPE_CHECKING:
    from keyturn.domain.clients.client import Client


class IssuerRequest(Request):
    """`client` is the one that has authenticated, `origin` that of the page that asks, if a page does.

    `cors` says whether the endpoint answers pages.
    """

    __slots__ = ("client", "cors", "origin")

    def __init__(self, event: dict[str, Any]) -> None:
        super().__init__(event)
        self.origin = self.headers.get("origin")
        self.cors = False
        self.client: Client | None = None

    def note_client(self, client: Client) -> None:
        """Remember who authenticated: the log says it, and the answer is for pages of theirs."""
        self.client = client
        self.note(client_id=client.client_id)
