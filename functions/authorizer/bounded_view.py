"""What was read is used for less than the revocation bound, and renewed from half of it on (R47)."""

from __future__ import annotations

import math

from keyturn.domain.errors import KeyturnError, StoreUnavailable
from keyturn.domain.view_age import view_age
from keyturn.observability import log_event

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from authorizer.metrics import Metrics

# While the store is away every request would wait for it, and for each view, although the views in hand are good.
_PAUSE = 1.0


class Freshness:
    """What all views of a sandbox share: the bound, this machine's clocks, and when a refresh has failed; seconds."""

    __slots__ = ("_quiet_until", "bound", "metrics", "monotonic", "wall")

    def __init__(
        self, bound: float, wall: Callable[[], float], monotonic: Callable[[], float], metrics: Metrics
    ) -> None:
        """Take the bound, both clocks, and where ages and failures are counted."""
        self.bound = bound
        self.wall = wall
        self.monotonic = monotonic
        self.metrics = metrics
        self._quiet_until = -math.inf

    def now(self) -> tuple[float, float]:
        """Return both clocks at one instant."""
        return self.wall(), self.monotonic()

    def rest(self) -> None:
        """Try no refresh for a while: one has just failed, and others would wait as long for the same store."""
        self._quiet_until = self.monotonic() + _PAUSE

    @property
    def resting(self) -> bool:
        """Whether a refresh would most likely fail."""
        return self.monotonic() < self._quiet_until


class BoundedView:
    """The age of what `refresh` reads, which is never used at an age of the bound or more."""

    __slots__ = ("_freshness", "_name", "_read_at", "_refresh")

    def __init__(self, name: str, refresh: Callable[[], None], freshness: Freshness) -> None:
        """Take what is needed; the first use reads."""
        self._name = name
        self._refresh = refresh
        self._freshness = freshness
        self._read_at = (-math.inf, -math.inf)

    def ensure(self) -> None:
        """Return when what was read is younger than the bound; raises KeyturnError if that cannot be had."""
        bound = self._freshness.bound
        age = self._age()
        if age >= bound or (age >= bound / 2 and not self._freshness.resting):
            self._renew()
            age = self._age()
        self._freshness.metrics.at_most("OldestView", 100 * age / bound)

    def _renew(self) -> None:
        fault: KeyturnError | None = None
        started = self._freshness.now()
        try:
            self._refresh()
            self._read_at = started
        except KeyturnError as error:
            fault = error
            self._freshness.metrics.count("RefreshFailures")
            self._freshness.rest()
        # The age is taken again: a read that failed slowly, or a sandbox frozen in it, has cost time.
        if self._age() >= self._freshness.bound:
            raise fault or StoreUnavailable(
                f"reading the {self._name} took longer than the revocation bound, or the clock was set back meanwhile"
            )
        if fault is not None:
            log_event("WARN", "view_not_refreshed", view=self._name, fault=type(fault).__name__, detail=str(fault))

    def _age(self) -> float:
        return view_age(self._read_at, self._freshness.now())
