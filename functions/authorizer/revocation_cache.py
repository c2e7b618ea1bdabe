"""The live revocations as last read: the first request reads its own, later ones look into memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.domain.errors import ItemDamaged, KeyturnError
from keyturn.domain.revocations.revocation_snapshot import RevocationSnapshot, TooManyRevocations
from keyturn.domain.time.ages import age
from keyturn.observability import log_event

if TYPE_CHECKING:
    from collections.abc import Collection

    from authorizer.revocation_bound import RevocationBound
    from keyturn.domain.revocations.revocation import Revocation
    from keyturn.domain.time.ages import Instant
    from keyturn.ports import RevocationFeed, RevocationReader

# A sandbox that found the feed damaged or too long reads each request's own revocations for this time.
_STRICT_SECONDS = 60.0
# A store that took longer than this to fail leaves the request too little time to wait for it again.
_LONGEST_WAIT = 1.0


class RevocationCache:
    """A RevocationReader by a snapshot, which decides at an age below the bound only.

    Without such a snapshot, as with too many revocations or a damaged feed, `strict` reads the request's own
    revocations: the decision is the same, for one read more. `longest_token_lifetime` is in seconds, leeway included.
    """

    def __init__(
        self,
        strict: RevocationReader,
        feed: RevocationFeed,
        bound: RevocationBound,
        *,
        longest_token_lifetime: int,
    ) -> None:
        self._strict = strict
        self._feed = feed
        self._time = bound.time
        self._metrics = bound.metrics
        self._snapshot = RevocationSnapshot(longest_token_lifetime)
        self._cache = bound.cache("feed of revocations", self._read)
        self._is_first = True
        self._strict_since: Instant | None = None
        bound.metrics.add_gauge(self._live_revocations)

    def find(self, targets: Collection[str]) -> tuple[Revocation, ...]:
        """Return the revocations of these targets; raises what the strict reader raises."""
        if self._is_first:
            # Skip the snapshot on the first request: many sandboxes serve only one.
            self._is_first = False
            return self._find_strictly(targets)
        started = self._time.present()
        if self._strict_since is not None and age(self._strict_since, started) < _STRICT_SECONDS:
            return self._find_strictly(targets)
        try:
            snapshot = self._cache.get(started)
        except KeyturnError as fault:
            if self._time.now().monotonic - started.monotonic > _LONGEST_WAIT:
                raise
            log_event("WARN", "strict_instead_of_snapshot", fault=type(fault).__name__, detail=str(fault))
            return self._find_strictly(targets)
        return snapshot.find(targets)

    def _find_strictly(self, targets: Collection[str]) -> tuple[Revocation, ...]:
        self._metrics.count("StrictDecisions")
        return self._strict.find(targets)

    def _read(self, sent: Instant) -> tuple[RevocationSnapshot, Instant]:
        snapshot = self._snapshot
        try:
            now, global_revocation = self._feed.global_revocation()
            snapshot.add(self._feed.entries(snapshot.begin(now), now))
        except (TooManyRevocations, ItemDamaged):
            self._strict_since = self._time.now()
            raise
        snapshot.global_revocation = global_revocation
        snapshot.complete(now)
        return snapshot, self._time.note_read(sent)

    def _live_revocations(self) -> dict[str, float]:
        counts = self._snapshot.count_kinds()
        by_kind = {f"LiveRevocations{kind.title()}": float(count) for kind, count in counts.items()}
        return {"LiveRevocations": float(sum(counts.values()))} | by_kind
