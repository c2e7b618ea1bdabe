"""The registered client of an interaction: its name on a page is never the request's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from login.refusals import InteractionOver

if TYPE_CHECKING:
    from keyturn.domain.clients.client import Client
    from keyturn.ports import ClientReader


def find_client(clients: ClientReader, client_id: str) -> Client:
    """Return the client; raises InteractionOver where its registration is gone."""
    client = clients.get(client_id)
    if client is None:
        raise InteractionOver("the client is no longer registered")
    return client
