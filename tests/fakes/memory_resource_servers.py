"""Registered resource servers in memory."""

from __future__ import annotations

from keyturn.domain.clients.resource_server import ResourceServer
from tests.fakes.memory_registry import MemoryRegistry


class MemoryResourceServers(MemoryRegistry[ResourceServer]):
    """Registered resource servers in memory."""

    def __init__(self, *servers: ResourceServer) -> None:
        super().__init__("resource server", lambda server: server.audience, servers)
