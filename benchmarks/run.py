"""One run: what its parts measure, each at most once, and what they need in common."""

from __future__ import annotations

from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from statistics import median
from typing import NamedTuple, Self

from benchmarks import (
    baseline,
    cold_start,
    counted_instructions,
    first_requests,
    issued_tokens,
    memo_memory,
    warm_decisions,
)
from benchmarks.cold_layout import ROOT
from benchmarks.contestants import FIRST_SEEN
from benchmarks.counted_reads import counted_reads
from benchmarks.decision_cost import Authorizer
from benchmarks.decision_profile import profile
from benchmarks.goals import Figure
from benchmarks.live_revocations import feed_items, live_revocations, revoked_ids
from benchmarks.material import OTHERS, Material, material_of
from benchmarks.progress import say
from keyturn.domain.revocations.revocation_snapshot import MAX_REVOCATIONS

FOLDER = ROOT / "build" / "bench"


class Noted(NamedTuple):
    """Figures, and a line about them."""

    figures: list[Figure]
    note: str


class Run:
    """Measurements of one run: an attribute that is read twice was measured once."""

    def __init__(self, now: float) -> None:
        """Take the time at which it began, in seconds since the epoch."""
        self.now = now
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Return the run."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the servers."""
        self._stack.close()

    @cached_property
    def tree(self) -> Path | None:
        """The checkout of the commit that the goals compare with."""
        return baseline.checkout(FOLDER, ROOT)

    @cached_property
    def materials(self) -> list[Material]:
        """Keys and tokens of both algorithms."""
        say("keys, tokens and revocations")
        revoked = revoked_ids(feed_items(MAX_REVOCATIONS))
        return [
            material_of(algorithm, int(self.now), others=OTHERS, revoked=revoked) for algorithm in ("ES256", "RS256")
        ]

    @cached_property
    def _small(self) -> Material:
        """Material of one token, which does not burden a cold start."""
        return material_of("ES256", int(self.now))

    @cached_property
    def here(self) -> cold_start.Place:
        """The artifacts of this checkout."""
        return self._stack.enter_context(cold_start.place(self._small))

    @cached_property
    def there(self) -> cold_start.Place | None:
        """The artifacts of the commit that the goals compare with."""
        return self._stack.enter_context(cold_start.place(self._small, self.tree)) if self.tree else None

    @cached_property
    def warm(self) -> warm_decisions.Warm:
        """Times of warm decisions and refusals."""
        return warm_decisions.measure(self.materials, self.tree)

    @cached_property
    def parts(self) -> dict[str, float]:
        """Microseconds of a first-seen token's decision by part."""
        say("the parts of a decision")
        return profile(self.materials[0])

    @cached_property
    def counted(self) -> counted_instructions.Counted:
        """Instructions of warm decisions."""
        return counted_instructions.measure(self.materials, self.tree)

    @cached_property
    def memo(self) -> Noted:
        """Memory of a full memo of tokens."""
        return Noted(*memo_memory.memo_memory(self.materials[0], int(self.now)))

    @cached_property
    def cold(self) -> cold_start.Cold:
        """Counts of cold starts of this checkout."""
        return cold_start.measure(self.here)

    @cached_property
    def cold_then(self) -> cold_start.Cold | None:
        """The same counts of the commit that the goals compare with."""
        return cold_start.measure(self.there, cold_start.AT_BASELINE) if self.there else None

    @cached_property
    def first(self) -> first_requests.FirstRequests:
        """CPU times of first requests."""
        return first_requests.measure(self.materials[0], self.here, self.there)

    @cached_property
    def issued(self) -> issued_tokens.Issued:
        """CPU times of warm tokens."""
        return issued_tokens.measure(self.here, self.there)

    @cached_property
    def reads(self) -> list[Figure]:
        """Reads of DynamoDB for each request."""
        return counted_reads()

    @cached_property
    def revocations(self) -> Noted:
        """Cost of 20,000 live revocations."""
        say("20,000 live revocations")
        return Noted(*live_revocations())

    @property
    def authorizer(self) -> Authorizer:
        """The facts of a price, by the run's own decisions if it has measured them."""
        if "warm" not in self.__dict__:
            return Authorizer()
        return Authorizer(median(self.warm.times["ES256"][FIRST_SEEN]) / 1000)
