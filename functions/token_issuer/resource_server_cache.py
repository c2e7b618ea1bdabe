"""The resource servers as this sandbox last read them: a token request reads none that it knows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from keyturn.domain.clients.resource_server import ResourceServer
from keyturn.domain.errors import StoreUnavailable
from keyturn.domain.time.ages import Instant, age
from keyturn.observability import log_event

if TYPE_CHECKING:
    from keyturn.ports import ResourceServerReader

# A change of a registration counts within that many seconds.
PERIOD = 60.0


class _Remembered(NamedTuple):
    server: ResourceServer | None
    read_at: Instant  # from before the read


class ResourceServerCache:
    """A ResourceServerReader that remembers each audience for a minute, also one that nobody registered.

    While the store is away, what was known goes on: it says what tokens look like, not who may have one.
    """

    def __init__(self, servers: ResourceServerReader, now: Callable[[], Instant]) -> None:
        """Begin without a read; `now` returns this instant, with the Date of DynamoDB's last answer."""
        self._servers = servers
        self._now = now
        # As many as the clients have audiences: none comes from a request alone.
        self._remembered: dict[str, _Remembered] = {}

    def get(self, audience: str) -> ResourceServer | None:
        """Return the resource server, or None; raises ItemDamaged, StoreUnavailable while it was never read."""
        now = self._now()
        known = self._remembered.get(audience)
        if known is not None and age(known.read_at, now) < PERIOD:
            return known.server
        try:
            server = self._servers.get(audience)
        except StoreUnavailable as fault:
            if known is None:
                raise
            log_event("WARN", "resource_server_not_renewed", fault=type(fault).__name__, detail=str(fault))
            return known.server
        self._remembered[audience] = _Remembered(server, now._replace(date=self._now().date))
        return server
