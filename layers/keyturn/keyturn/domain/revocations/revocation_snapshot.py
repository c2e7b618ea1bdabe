"""The live revocations in memory, as the feed lists them: the authorizer checks requests against them without a read.

All times are service time in whole seconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.domain.errors import KeyturnError
from keyturn.domain.revocations.revocation import CUTOFF_KINDS, FEED_OVERLAP, Revocation, Target, TargetKind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from typing import NamedTuple

    class FeedEntry(NamedTuple):
        """One item of the feed: the target's key, its cutoff or None, and when it was written."""

        target: str
        not_before: int | None
        written_at: int
else:
    FeedEntry = tuple

MAX_REVOCATIONS = 20_000
# One target may be revoked repeatedly, and the feed has an entry for each time: the entries of a read are bounded too.
_MAX_ENTRIES = 3 * MAX_REVOCATIONS

_CUTOFFS = tuple(f"{kind}#" for kind in CUTOFF_KINDS)
_GLOBAL = f"{TargetKind.GLOBAL}#"
_FOREVER = 1 << 40
_PRUNE_SECONDS = 60


class TooManyRevocations(KeyturnError):
    """More revocations are live than a snapshot may hold: each request must read the table instead."""


class RevocationSnapshot:
    """Every revocation of the feed that may refuse a live token.

    `token_lifetime`: the longest that any token is accepted after its iat, in seconds. The first read of the feed goes
    back by so much. `global_revocation` is the copy of global that was read, with the compromised kids, or None.
    """

    __slots__ = ("_cursor", "_entries", "_pruned_at", "_token_lifetime", "global_revocation")

    def __init__(self, token_lifetime: int) -> None:
        self.global_revocation: Revocation | None = None
        self._token_lifetime = token_lifetime
        self._cursor: int | None = None
        self._pruned_at = 0
        # The value of a subject, client or pair is its cutoff; any other's is the second at which its last token has
        # expired. Each is one number, since 20,000 of them must fit in memory.
        self._entries: dict[str, int] = {}

    def begin(self, now: int) -> int:
        """Return the time from which on the feed is to be read; `now` is not later than the read.

        A revocation that was acknowledged after the last read was written at most half the overlap before that read.
        Its writer ensures that, independent of the writer's own clock.
        """
        self._prune(now)
        back = now - self._token_lifetime
        # A clock that jumped ahead and back again must not hide revocations that were written in between.
        return (back if self._cursor is None else min(self._cursor, now)) - FEED_OVERLAP

    def add(self, entries: Iterable[FeedEntry]) -> None:
        """Add entries of the feed, in any order; repeated entries are harmless, and a revocation is never undone.

        Raises TooManyRevocations; the entries added until then stay.
        """
        known, lifetime = self._entries, self._token_lifetime + FEED_OVERLAP
        for count, (target, not_before, written_at) in enumerate(entries):
            value = written_at + lifetime if not_before is None else not_before
            if known.get(target, -1) < value:
                known[target] = value
                if len(known) > MAX_REVOCATIONS:
                    raise TooManyRevocations(f"more than {MAX_REVOCATIONS} revocations are live")
            if count == _MAX_ENTRIES:
                raise TooManyRevocations(f"the feed has more than {_MAX_ENTRIES} entries of {len(known)} revocations")

    def complete(self, now: int) -> None:
        """Note that the feed was read to its end by a read that began at `now`."""
        self._cursor = now

    def find(self, targets: Collection[str]) -> tuple[Revocation, ...]:
        """Return the revocations of these targets; any target of kind GLOBAL finds the copy that was read."""
        known, global_revocation = self._entries, self.global_revocation
        found = []
        # Nearly every token is valid: one call says that none of its targets is known.
        if not known.keys().isdisjoint(targets):
            own = (each for each in targets if each in known and not each.startswith(_GLOBAL))
            found = [_revocation(each, known[each]) for each in own]
        if global_revocation is not None and any(each.startswith(_GLOBAL) for each in targets):
            found.append(global_revocation)
        return tuple(found)

    def count_kinds(self) -> dict[str, int]:
        """Return the number of revocations of each kind."""
        counts = dict.fromkeys(TargetKind, 0)
        for target in self._entries:
            counts[TargetKind(target.partition("#")[0])] += 1
        return {kind.value: count for kind, count in counts.items()}

    def __len__(self) -> int:
        """Return the number of revocations."""
        return len(self._entries)

    def _prune(self, now: int) -> None:
        """Remove revocations whose tokens have all expired: tokens refused by a cutoff were issued before it."""
        if 0 <= now - self._pruned_at < _PRUNE_SECONDS:
            return
        self._pruned_at = now
        old = now - self._token_lifetime - FEED_OVERLAP
        self._entries = {
            target: value
            for target, value in self._entries.items()
            if value > (old if target.startswith(_CUTOFFS) else now)
        }


def _revocation(key: str, value: int) -> Revocation:
    target = Target(key)
    return Revocation(target, expires_at=_FOREVER, not_before=value if target.kind in CUTOFF_KINDS else None)
