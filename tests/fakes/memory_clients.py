"""Registered clients in memory."""

from __future__ import annotations

from dataclasses import replace

from keyturn.domain.client import Client
from keyturn.domain.errors import AlreadyExists, VersionConflict


class MemoryClients:
    """A ClientRegistry; `fault` is raised by every call, `reads` counts the look-ups."""

    def __init__(self, *clients: Client) -> None:
        """Begin with these clients."""
        self._clients = {client.client_id: client for client in clients}
        self.fault: Exception | None = None
        self.reads: list[str] = []

    def get(self, client_id: str) -> Client | None:
        """Return the client, or None."""
        self.reads.append(client_id)
        self._fail()
        return self._clients.get(client_id)

    def add(self, client: Client) -> None:
        """Store a new client; raises AlreadyExists."""
        self._fail()
        if client.client_id in self._clients:
            raise AlreadyExists(f"the client {client.client_id} exists already")
        self._clients[client.client_id] = client

    def update(self, client: Client) -> Client:
        """Store the next revision of the client; raises VersionConflict."""
        self._fail()
        stored = self._clients.get(client.client_id)
        if stored is None or stored.revision != client.revision:
            raise VersionConflict(f"the client {client.client_id} was changed by somebody else: try again")
        self._clients[client.client_id] = replace(client, revision=client.revision + 1)
        return self._clients[client.client_id]

    def remove(self, client_id: str) -> bool:
        """Remove the registration; return whether there was one."""
        self._fail()
        return self._clients.pop(client_id, None) is not None

    def list(self) -> tuple[Client, ...]:
        """Return all clients, by id."""
        self._fail()
        return tuple(self._clients[client_id] for client_id in sorted(self._clients))

    def _fail(self) -> None:
        if self.fault is not None:
            raise self.fault
