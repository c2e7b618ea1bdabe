"""Revocations in memory."""

from __future__ import annotations

from collections.abc import Callable, Collection

from keyturn.domain.revocations.revocation import GLOBAL_COPIES, Revocation, Target, TargetKind


class MemoryRevocations:
    """A RevocationReader and a RevocationWriter; `fault` is raised by every call, `writes` holds what was written.

    `before` runs within each read, as time would pass.
    """

    def __init__(self, *revocations: Revocation) -> None:
        self._stored = {revocation.target.key: revocation for revocation in revocations}
        self.fault: Exception | None = None
        self.before: Callable[[], None] = lambda: None
        self.asked: list[tuple[Target, ...]] = []
        self.writes: list[tuple[Revocation, str, str]] = []
        self._acknowledged: dict[str, int] = {}

    def find(self, targets: Collection[str]) -> tuple[Revocation, ...]:
        """Return the stored revocations of these targets."""
        wanted = tuple(map(Target, dict.fromkeys(targets)))
        self.asked.append(wanted)
        self.before()
        self._fail()
        return tuple(self._stored[target] for target in wanted if target in self._stored)

    def revoke(self, revocation: Revocation, *, reason: str, actor: str) -> None:
        """Store the revocation, or what of it is stronger than the stored one; a repeat writes nothing."""
        self._fail()
        if revocation.target.kind is TargetKind.GLOBAL:
            targets = tuple(Target.of(TargetKind.GLOBAL, str(copy)) for copy in range(GLOBAL_COPIES))
        else:
            targets = (revocation.target,)
        following = {each.key: _stronger(each, revocation, self._stored.get(each.key)) for each in targets}
        cutoff, first = revocation.not_before or 0, targets[0].key
        if cutoff <= self._acknowledged.get(first, -1) and all(
            _fields(each) == _fields(self._stored.get(key)) for key, each in following.items()
        ):
            return
        self.writes.append((revocation, reason, actor))
        self._stored |= following
        self._acknowledged[first] = max(cutoff, self._acknowledged.get(first, -1))

    def store(self, revocation: Revocation) -> None:
        """Put an item as it is, like a concurrent write."""
        self._stored[revocation.target.key] = revocation

    def _fail(self) -> None:
        if self.fault is not None:
            raise self.fault


def _fields(revocation: Revocation | None) -> tuple[int, int | None] | None:
    return None if revocation is None else (revocation.expires_at, revocation.not_before)


def _stronger(target: Target, wanted: Revocation, stored: Revocation | None) -> Revocation:
    known = (wanted,) if stored is None else (wanted, stored)
    return Revocation(
        target,
        expires_at=max(each.expires_at for each in known),
        not_before=max((each.not_before for each in known if each.not_before is not None), default=None),
        compromised_kids=() if stored is None else stored.compromised_kids,
    )
