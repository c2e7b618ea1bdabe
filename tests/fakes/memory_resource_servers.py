"""Registered resource servers in memory."""

from __future__ import annotations

from keyturn.domain.resource_server import ResourceServer


class MemoryResourceServers:
    """A ResourceServerRegistry; `fault` is raised by every call, `reads` counts the look-ups."""

    def __init__(self, *servers: ResourceServer) -> None:
        """Begin with these resource servers."""
        self._servers = {server.audience: server for server in servers}
        self.fault: Exception | None = None
        self.reads: list[str] = []

    def get(self, audience: str) -> ResourceServer | None:
        """Return the resource server, or None."""
        self.reads.append(audience)
        self._fail()
        return self._servers.get(audience)

    def put(self, server: ResourceServer) -> None:
        """Store the resource server, in the place of what its audience had."""
        self._fail()
        self._servers[server.audience] = server

    def remove(self, audience: str) -> bool:
        """Remove the registration; return whether there was one."""
        self._fail()
        return self._servers.pop(audience, None) is not None

    def list(self) -> tuple[ResourceServer, ...]:
        """Return all resource servers, by audience."""
        self._fail()
        return tuple(self._servers[audience] for audience in sorted(self._servers))

    def _fail(self) -> None:
        if self.fault is not None:
            raise self.fault
