"""The resource servers as this sandbox last read them: a token request reads only those that are not known yet."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from keyturn.domain.clients.resource_server import ResourceServer
from keyturn.domain.errors import StoreUnavailable
from keyturn.domain.time.ages import Instant
from keyturn.domain.time.bounded_cache import AgePolicy, BoundedCache
from keyturn.observability import log_event

if TYPE_CHECKING:
    from keyturn.ports import ResourceServerReader

# A change of a registration takes effect within this many seconds.
PERIOD = 60.0


class ResourceServerCache:
    """A ResourceServerReader that keeps each audience for a minute, also an audience without a registration.

    `now` returns this instant, with the Date of DynamoDB's last response. During an outage, the registration read last
    stays in use: it says what tokens look like, and grants them to no client.
    """

    def __init__(self, servers: ResourceServerReader, now: Callable[[], Instant]) -> None:
        self._servers = servers
        self._now = now
        self._policy = AgePolicy(now, bound=PERIOD, renew_from=PERIOD, tolerated=StoreUnavailable)
        # Only registered clients have audiences: a request alone adds none.
        self._caches: dict[str, BoundedCache[ResourceServer | None]] = {}

    def get(self, audience: str) -> ResourceServer | None:
        """Return the resource server, or None; raises ItemDamaged, or StoreUnavailable while it was never read."""
        cache = self._caches.get(audience)
        if cache is None:
            cache = BoundedCache(f"resource server {audience}", partial(self._read, audience), self._policy)
            cache = self._caches.setdefault(audience, cache)
        try:
            return cache.get(self._now())
        except StoreUnavailable as fault:
            server = cache.last_read(otherwise=fault)
            log_event("WARN", "resource_server_not_renewed", fault=type(fault).__name__, detail=str(fault))
            return server

    def _read(self, audience: str, sent: Instant) -> tuple[ResourceServer | None, Instant]:
        server = self._servers.get(audience)
        return server, sent.with_date(self._now().date)
