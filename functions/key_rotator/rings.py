"""All rings of the stack: each is rotated by itself, so that a fault of one does not stop another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from key_rotator.report import Report
from key_rotator.rotation import Rotator
from keyturn.domain.errors import KeyRingMissing, KeyturnError
from keyturn.domain.keys.key_rotation import Action, Step
from keyturn.domain.keys.rotation_policy import RotationPolicy
from keyturn.domain.keys.rotation_refusal import UnknownKey, UnknownRing


@dataclass(frozen=True)
class Rings:
    """The rotators of all rings that a stack can have, the default ring's first."""

    rotators: tuple[Rotator, ...]

    def policies(self) -> dict[str, RotationPolicy]:
        """Return the policies by the name of the ring."""
        return {rotator.ring_name: rotator.policy for rotator in self.rotators}

    def create(self) -> list[Report]:
        """Create the rings of a new stack, each with a first key that signs at once."""
        return [rotator.create_ring() for rotator in self.rotators if rotator.policy.in_use]

    def update(self) -> list[Report]:
        """Apply the changes of a deployment: durations, and rings that an audience needs now.

        The default ring is never created here: if it is missing, an alarm rings.
        """
        default, *others = self.rotators
        return [default.accept_policy(), *(rotator.add_ring() for rotator in others if rotator.policy.in_use)]

    def tick(self) -> list[Report]:
        """Apply the steps due in every ring that is in use or still exists; each report says which failed."""
        return self._each(Rotator.tick)

    def plan(self) -> list[Report]:
        """Return the steps that are due and planned, without a change."""
        return self._each(Rotator.plan)

    def rotate(self, name: str) -> list[Report]:
        """Promote the standby of one ring ahead of its time; raises RotationRefused."""
        published = self._published()
        for rotator in self.rotators:
            if rotator.ring_name == name and name in published:
                return [_beside(rotator, published).rotate()]
        raise UnknownRing(f"the stack has no ring of this name: it has {', '.join(published)}")

    def compromise(self, kid: str, *, reason: str, actor: str) -> list[Report]:
        """Take a key out of use, in any ring (invariant I8); raises UnknownKey."""
        unread = None
        published = self._published()
        for rotator in self.rotators:
            try:
                ring = rotator.store.load(rotator.ring_name)
            except KeyRingMissing:
                continue
            except KeyturnError as fault:
                unread = fault
                continue
            if ring.find(kid) is not None or any(entry.kid == kid for entry in ring.compromises):
                return [_beside(rotator, published).compromise(kid, reason=reason, actor=actor)]
        # The key may be in the ring that could not be read.
        raise unread or UnknownKey(f"no ring has a key {kid}")

    def _each(self, action: Callable[[Rotator], Report]) -> list[Report]:
        """Return the reports of all rings that are in use or still exist; a fault of one does not stop another."""
        published = self._published()
        reports = []
        for rotator in self.rotators:
            if rotator.ring_name in published:
                report = _run(_beside(rotator, published), action)
                if report.ring is not None:
                    published[rotator.ring_name] = len(report.ring.published())
                reports.append(report)
        return reports

    def _published(self) -> dict[str, int]:
        """Return how many keys each ring has in the JWKS, at most, for rings in use or with keys."""
        published = {}
        for rotator in self.rotators:
            try:
                ring = rotator.store.load(rotator.ring_name)
            except KeyRingMissing:
                if rotator.policy.in_use:
                    published[rotator.ring_name] = 0
            except KeyturnError:
                published[rotator.ring_name] = rotator.policy.max_published_keys
            else:
                if rotator.policy.in_use or ring.keys or ring.intents:
                    published[rotator.ring_name] = len(ring.published())
        return published


def _beside(rotator: Rotator, published: Mapping[str, int]) -> Rotator:
    """Return the rotator with the number of keys that the other rings have in the JWKS."""
    return replace(rotator, elsewhere=sum(published.values()) - published.get(rotator.ring_name, 0))


def _run(rotator: Rotator, action: Callable[[Rotator], Report]) -> Report:
    try:
        return action(rotator)
    except KeyturnError as fault:
        return Report(rotator.ring_name, failures=[(Step(Action.TICK), fault)])
