"""The live revocations in memory, as the feed tells them: what a request is checked against without a read.

All times are service time in whole seconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.domain.errors import KeyturnError
from keyturn.domain.revocations.revocation import CUT_KINDS, FEED_OVERLAP, Revocation, Target, TargetKind

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import NamedTuple

    class FeedEntry(NamedTuple):
        """One item of the feed: the target's key, the time that it cuts at or None, and when it was written."""

        target: str
        not_before: int | None
        written_at: int
else:
    FeedEntry = tuple

MAX_REVOCATIONS = 20_000
# One target may be revoked over and over, and each time stands in the feed: what a read meets is bounded as well.
_MAX_ENTRIES = 3 * MAX_REVOCATIONS

_CUTS = tuple(f"{kind}#" for kind in CUT_KINDS)
_GLOBAL = TargetKind.GLOBAL
_FOREVER = 1 << 40
_PRUNE_SECONDS = 60


class TooManyRevocations(KeyturnError):
    """More revocations are live than a snapshot is meant to hold: they have to be asked for, request by request."""


class RevocationSnapshot:
    """Every revocation of the feed that a live token can be hit by.

    `horizon`: how long any token is accepted after its iat, in seconds. `everything` is a copy of global as it was
    read, with the kids of compromised keys, or None.
    """

    __slots__ = ("_cursor", "_entries", "_horizon", "_pruned_at", "everything")

    def __init__(self, horizon: int) -> None:
        """Begin without any; the first read of the feed goes back over the horizon."""
        self.everything: Revocation | None = None
        self._horizon = horizon
        self._cursor: int | None = None
        self._pruned_at = 0
        # A cut's value is the time that it cuts at, any other's the second from which on nothing that it hits lives:
        # one number each, since 20,000 of them have to fit (P9).
        self._entries: dict[str, int] = {}

    def begin(self, now: int) -> int:
        """Return the time from which on the feed is to be read; `now` is not later than the read.

        What was acknowledged since the last read was written at most half of the overlap before that read (its writer
        has seen to it), whatever the writer's own clock says.
        """
        self._prune(now)
        back = now - self._horizon
        # A clock that jumped ahead and back again must not hide what was written in between.
        return (back if self._cursor is None else min(self._cursor, now)) - FEED_OVERLAP

    def add(self, entries: Iterable[FeedEntry]) -> None:
        """Take entries of the feed, in any order and as often as one likes; none is ever taken back.

        Raises TooManyRevocations; what was taken until then stays.
        """
        known, horizon = self._entries, self._horizon + FEED_OVERLAP
        for count, (target, not_before, written_at) in enumerate(entries):
            value = written_at + horizon if not_before is None else not_before
            if known.get(target, -1) < value:
                known[target] = value
                if len(known) > MAX_REVOCATIONS:
                    raise TooManyRevocations(f"more than {MAX_REVOCATIONS} revocations are live")
            if count == _MAX_ENTRIES:
                raise TooManyRevocations(f"the feed tells of {len(known)} revocations over and over")

    def complete(self, now: int) -> None:
        """Note that the feed was read to its end by a read that began at `now`."""
        self._cursor = now

    def find(self, targets: Iterable[Target]) -> tuple[Revocation, ...]:
        """Return the revocations of these targets, of which one of kind GLOBAL stands for all."""
        found = []
        known, everything = self._entries, self.everything
        # Nearly every token is hit by nothing: each target then costs one look-up without a call (P9).
        for target in targets:
            if target.key in known and target.kind is not _GLOBAL:
                value = known[target.key]
                cut = value if target.kind in CUT_KINDS else None
                found.append(Revocation(target, expires_at=_FOREVER, not_before=cut))
            elif everything is not None and target.kind is _GLOBAL:
                found.append(everything)
        return tuple(found)

    def count_kinds(self) -> dict[str, int]:
        """Return how many revocations of each kind are held."""
        counts = dict.fromkeys(TargetKind, 0)
        for target in self._entries:
            counts[TargetKind(target.partition("#")[0])] += 1
        return {kind.value: count for kind, count in counts.items()}

    def __len__(self) -> int:
        """Return how many revocations are held."""
        return len(self._entries)

    def _prune(self, now: int) -> None:
        """Forget what no live token can be hit by: every token that a cut hits was issued before it."""
        if 0 <= now - self._pruned_at < _PRUNE_SECONDS:
            return
        self._pruned_at = now
        old = now - self._horizon - FEED_OVERLAP
        self._entries = {
            target: value
            for target, value in self._entries.items()
            if value > (old if target.startswith(_CUTS) else now)
        }
