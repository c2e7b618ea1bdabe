"""What was read is used for less than the revocation bound, and renewed from half of it on (R47)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.domain.errors import KeyturnError, StoreUnavailable
from keyturn.domain.time.ages import age, elapsed
from keyturn.observability import log_event

if TYPE_CHECKING:
    from collections.abc import Callable

    from authorizer.metrics import Metrics
    from authorizer.sandbox_time import SandboxTime
    from keyturn.domain.time.ages import Instant

# While the store is away every request would wait for it, and for each view, although the views in hand are good.
_PAUSE = 1.0


class Freshness:
    """The bound in seconds, the sandbox's time and the last failed refresh, which all of its caches share."""

    __slots__ = ("_failed_at", "bound", "metrics", "time")

    def __init__(self, bound: float, time: SandboxTime, metrics: Metrics) -> None:
        """Begin without a failure; ages and failures are counted in `metrics`."""
        self.bound = bound
        self.time = time
        self.metrics = metrics
        self._failed_at: Instant | None = None

    def rest(self) -> None:
        """Try no refresh for a while: one has just failed, and others would wait as long for the same store."""
        self._failed_at = self.time.now()

    @property
    def resting(self) -> bool:
        """Whether a refresh would most likely fail."""
        return age(self._failed_at, self.time.now()) < _PAUSE


class BoundedCache:
    """The age of what `refresh` reads, which is never used at an age of the bound or more."""

    __slots__ = ("_freshness", "_name", "_read_at", "_refresh")

    def __init__(self, name: str, refresh: Callable[[], None], freshness: Freshness) -> None:
        """Begin without a read; the first use reads."""
        self._name = name
        self._refresh = refresh
        self._freshness = freshness
        self._read_at: Instant | None = None

    def ensure(self, now: Instant) -> None:
        """Return when what was read is younger than the bound; raises KeyturnError if that cannot be had."""
        bound = self._freshness.bound
        seconds = age(self._read_at, now)
        if seconds >= bound:
            # Too old once is too old for good: a wall clock that went back runs past the read again.
            self._read_at = None
        if self._read_at is None or (seconds >= bound / 2 and self._is_due(now)):
            self._renew()
            seconds = self._age()
        self._freshness.metrics.at_most("OldestView", 100 * seconds / bound)

    def _is_due(self, now: Instant) -> bool:
        """Return whether to renew below the bound.

        This machine's clocks alone say so. A request that waited before its invocation looks late: it costs no read.
        """
        assert self._read_at is not None
        return elapsed(self._read_at, now) >= self._freshness.bound / 2 and not self._freshness.resting

    def _renew(self) -> None:
        fault: KeyturnError | None = None
        sent = self._freshness.time.now()
        try:
            self._refresh()
            self._read_at = self._freshness.time.note_read(sent)
        except KeyturnError as error:
            fault = error
            self._freshness.metrics.count("RefreshFailures")
            self._freshness.rest()
        # The age is taken again: a read that failed slowly, or a sandbox frozen in it, has cost time.
        if self._age() >= self._freshness.bound:
            self._read_at = None
            raise fault or StoreUnavailable(
                f"reading the {self._name} took longer than the revocation bound, or the clock was set back meanwhile"
            )
        if fault is not None:
            log_event("WARN", "view_not_refreshed", view=self._name, fault=type(fault).__name__, detail=str(fault))

    def _age(self) -> float:
        return age(self._read_at, self._freshness.time.now())
