"""Registered clients in memory."""

from __future__ import annotations

from keyturn.domain.clients.client import Client
from tests.fakes.memory_registry import MemoryRegistry


class MemoryClients(MemoryRegistry[Client]):
    """Registered clients in memory."""

    def __init__(self, *clients: Client) -> None:
        super().__init__("client", lambda client: client.client_id, clients)
