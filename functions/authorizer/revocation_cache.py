"""The live revocations as last read: the first request asks for its own, the next ones look into memory (R47)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from authorizer.bounded_cache import BoundedCache
from keyturn.domain.errors import ItemDamaged, KeyturnError
from keyturn.domain.revocations.revocation_snapshot import RevocationSnapshot, TooManyRevocations
from keyturn.domain.time.ages import age
from keyturn.observability import log_event

if TYPE_CHECKING:
    from collections.abc import Iterable

    from authorizer.bounded_cache import Freshness
    from keyturn.domain.revocations.revocation import Revocation, Target
    from keyturn.domain.time.ages import Instant
    from keyturn.ports import RevocationFeed, RevocationReader

# For how long a sandbox asks for each request's own revocations before it looks again whether the feed is in order.
_STRICT_SECONDS = 60.0
# A store that was waited for as long as this in vain would not answer the next question either, within the time that an
# authorizer has.
_PATIENCE = 1.0


class RevocationCache:
    """A RevocationReader by a snapshot that is never used at an age of the bound or more.

    Whatever keeps the snapshot from being had, too many revocations or a damaged feed, the request's own revocations
    are asked for instead: `strict` says the same, for a read. `horizon` in seconds: how long any token is accepted.
    """

    def __init__(
        self,
        strict: RevocationReader,
        feed: RevocationFeed,
        freshness: Freshness,
        *,
        horizon: int,
    ) -> None:
        """Begin with an empty snapshot; nothing is read yet."""
        self._strict = strict
        self._feed = feed
        self._freshness = freshness
        self._snapshot = RevocationSnapshot(horizon)
        self._view = BoundedCache("feed of revocations", self._refresh, freshness)
        # Skip the snapshot on the first request: many sandboxes serve only one.
        self._first = True
        self._strict_since: Instant | None = None
        freshness.metrics.read(self._live_revocations)

    def find(self, targets: Iterable[Target]) -> tuple[Revocation, ...]:
        """Return the revocations of these targets; raises what the strict reader raises."""
        if self._is_at_hand():
            return self._snapshot.find(targets)
        self._freshness.metrics.count("StrictDecisions")
        return self._strict.find(targets)

    def _is_at_hand(self) -> bool:
        started = self._freshness.time.now()
        if self._first or age(self._strict_since, started) < _STRICT_SECONDS:
            self._first = False
            return False
        try:
            self._view.ensure(started)
        except KeyturnError as fault:
            if self._freshness.time.now().monotonic - started.monotonic > _PATIENCE:
                raise
            log_event("WARN", "strict_instead_of_snapshot", fault=type(fault).__name__, detail=str(fault))
            return False
        return True

    def _refresh(self) -> None:
        snapshot = self._snapshot
        try:
            now, global_revocation = self._feed.global_revocation()
            snapshot.add(self._feed.entries(snapshot.begin(now), now))
        except (TooManyRevocations, ItemDamaged):
            self._strict_since = self._freshness.time.now()
            raise
        snapshot.global_revocation = global_revocation
        snapshot.complete(now)

    def _live_revocations(self) -> dict[str, float]:
        counts = self._snapshot.count_kinds()
        by_kind = {f"LiveRevocations{kind.title()}": float(count) for kind, count in counts.items()}
        return {"LiveRevocations": float(sum(counts.values()))} | by_kind
