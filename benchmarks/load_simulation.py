"""Sandboxes that share one store, decision by decision, in simulated time: the formulae of `load_model` must match it.

Each sandbox runs the authorizer's own BoundedCache; requests come at random, by a seed. Sandboxes share the
items alone, so they are played one after the other and their reads added up.
"""

from __future__ import annotations

import io
from collections import Counter
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from random import Random
from statistics import fmean

from authorizer.metrics import Metrics
from authorizer.revocation_bound import RevocationBound
from authorizer.sandbox_time import SandboxTime
from benchmarks.load_model import Load
from keyturn.domain.errors import KeyturnError, StoreUnavailable
from keyturn.domain.revocations.revocation import GLOBAL_COPIES
from keyturn.domain.time.ages import Instant


@dataclass
class Observed:
    """Observations of `seconds`: renewals in each second, those of each global copy, ages at decisions."""

    seconds: float
    renewals: Counter[int] = field(default_factory=Counter)
    copies: Counter[int] = field(default_factory=Counter)
    ages: list[float] = field(default_factory=list)
    unanswered: int = 0

    @property
    def refreshes(self) -> float:
        """Renewals per second, on average."""
        return self.renewals.total() / self.seconds

    def busiest_second(self, since: float = 0.0) -> int:
        """Return the renewals in the second that saw the most, from a time on."""
        return max(count for second, count in self.renewals.items() if second >= since)

    @property
    def busiest_copy(self) -> float:
        """Reads per second of the copy of global that most sandboxes chose."""
        return max(self.copies.values()) / self.seconds

    @property
    def mean_age(self) -> float:
        """Age of the view at a decision, on average."""
        return fmean(self.ages)

    def age_quantile(self, share: float) -> float:
        """Return the age that this share of decisions did not exceed."""
        return sorted(self.ages)[max(0, round(share * len(self.ages)) - 1)]


class _Sandbox:
    """One view of a sandbox, whose store is away from `outage[0]` to `outage[1]`."""

    def __init__(self, bound: float, copy: int, outage: tuple[float, float], observed: Observed) -> None:
        self.now = 0.0
        self._read_at = 0.0
        self._copy = copy
        self._outage = outage
        self._observed = observed
        self._time = time = SandboxTime(lambda: self.now, lambda: self.now, lambda: None, 3)
        metrics = Metrics("authorizer", time)
        self._cache = RevocationBound(bound, time, metrics).cache("feed", self._refresh)

    def _refresh(self, sent: Instant) -> tuple[None, Instant]:
        if self._outage[0] <= self.now < self._outage[1]:
            raise StoreUnavailable("away")
        self._read_at = self.now
        if self.now >= 0:
            self._observed.renewals[int(self.now)] += 1
            self._observed.copies[self._copy] += 1
        return None, self._time.note_read(sent)

    def decide(self) -> None:
        """Let one request pass; before the time 0 it warms the sandbox up and is not observed."""
        try:
            self._cache.get(self._time.now())
        except KeyturnError:
            self._observed.unanswered += 1
        else:
            if self.now >= 0:
                self._observed.ages.append(self.now - self._read_at)


def simulate(
    load: Load,
    *,
    seconds: float = 60.0,
    together: bool = False,
    outage: tuple[float, float] = (0.0, 0.0),
    seed: int = 1,
) -> Observed:
    """Return what was seen; sandboxes start within one bound of each other, or all within a second if `together`."""
    random = Random(seed)
    observed = Observed(seconds)
    # BoundedCache logs an outage; this prints its own lines alone.
    with redirect_stdout(io.StringIO()):
        for _ in range(load.sandboxes):
            sandbox = _Sandbox(load.bound, random.randrange(GLOBAL_COPIES), outage, observed)
            start = 0.0 if together else -2 * load.bound + random.random() * load.bound
            sandbox.now = start + random.random()
            while sandbox.now < seconds:
                sandbox.decide()
                sandbox.now += random.expovariate(load.requests)
    return observed
