"""The revocation bound: keys and revocations decide at an age below it, and are renewed from half of it on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.domain.time.bounded_cache import NONE_USED, AgePolicy, BoundedCache
from keyturn.observability import log_event

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from authorizer.metrics import Metrics
    from authorizer.sandbox_time import SandboxTime
    from keyturn.domain.errors import KeyturnError
    from keyturn.domain.time.ages import Instant

    Value = TypeVar("Value")

# While DynamoDB does not answer, only one request a second waits for it; the others use the values in hand.
_PAUSE = 1.0


class RevocationBound:
    """The bound in seconds, the sandbox's time and the metrics, which the caches of keys and revocations share."""

    __slots__ = ("_policy", "metrics", "time")

    def __init__(self, seconds: float, time: SandboxTime, metrics: Metrics) -> None:
        self.time = time
        self.metrics = metrics
        self._policy = AgePolicy(time.now, bound=seconds, renew_from=seconds / 2, pause=_PAUSE)
        metrics.add_gauge(self._oldest_view)

    def cache(self, name: str, read: Callable[[Instant], tuple[Value, Instant]]) -> BoundedCache[Value]:
        """Return a cache whose ages and failed renewals are measured; `name` is for log lines."""
        return BoundedCache(name, read, self._policy, on_failure=self._report)

    def _oldest_view(self) -> dict[str, float]:
        """Return the largest age of a value used since the last report, in percent of the bound."""
        oldest, self._policy.oldest = self._policy.oldest, NONE_USED
        return {} if oldest == NONE_USED else {"OldestView": 100 * oldest / self._policy.bound}

    def _report(self, name: str, fault: KeyturnError, is_used: bool) -> None:
        self.metrics.count("RefreshFailures")
        if is_used:
            log_event("WARN", "view_not_refreshed", view=name, fault=type(fault).__name__, detail=str(fault))
