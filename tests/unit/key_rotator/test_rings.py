"""Several rings in one stack: each turns by itself, and all share one JWKS."""

from __future__ import annotations

import pytest

from key_rotator.report import Report, to_answer
from key_rotator.rings import Rings
from keyturn.domain.errors import ItemDamaged, KeyRingMissing, StoreUnavailable
from keyturn.domain.keys.key_ring import KeyRing, KeyState
from keyturn.domain.keys.key_rotation import Action
from keyturn.domain.keys.rotation_refusal import RingNotInUse, UnknownKey, UnknownRing
from tests.fakes.memory_key_ring import MemoryKeyRing
from tests.fakes.rotation_harness import LEAD, RETENTION, RotationHarness

ACTIVE, STANDBY, OLD = KeyState.ACTIVE, KeyState.PRE_ACTIVATION, KeyState.DEACTIVATED


def states(harness: RotationHarness, name: str) -> list[KeyState]:
    """Return the states of a ring's keys."""
    return [key.state for key in harness.store.load(name).keys]


def check(reports: list[Report]) -> None:
    """Raise what failed."""
    for report in reports:
        report.check()


class FailingStore(MemoryKeyRing):
    """A store in which one ring cannot be read."""

    def __init__(self, other: MemoryKeyRing, broken: str, fault: Exception) -> None:
        """Take the rings of another store."""
        super().__init__()
        self._rings = other._rings
        self._broken = broken
        self._fault = fault

    def load(self, name: str) -> KeyRing:
        """Fail for the one."""
        if name == self._broken:
            raise self._fault
        return super().load(name)


def broken(harness: RotationHarness, name: str, fault: Exception, *algorithms: str) -> Rings:
    """Return the rotators on a store in which a ring cannot be read."""
    harness.store = FailingStore(harness.store, name, fault)
    return harness.rings(*algorithms)


def test_a_new_stack_has_every_ring_that_signs_at_once(harness: RotationHarness) -> None:
    """Nobody has cached a JWKS before a stack is there: each ring begins with a key that signs and a standby."""
    check(harness.rings("Ed25519").create())
    assert states(harness, "default") == states(harness, "Ed25519") == [ACTIVE, STANDBY]
    assert harness.store.load("Ed25519").active().algorithm == "Ed25519"
    with pytest.raises(KeyRingMissing):
        harness.store.load("PS256")


def test_a_ring_that_is_added_signs_after_the_lead(started: RotationHarness) -> None:
    """I1: the first key of a ring that an audience needs from now on waits, and then gets its standby."""
    check(started.rings("RS256").update())
    assert states(started, "RS256") == [STANDBY]
    started.pass_time(LEAD - 1)
    check(started.rings("RS256").tick())
    assert states(started, "RS256") == [STANDBY]
    started.pass_time(1)
    check(started.rings("RS256").tick())
    assert states(started, "RS256") == [ACTIVE, STANDBY]


def test_a_ring_that_is_dropped_leaves_when_its_tokens_have_ended(started: RotationHarness) -> None:
    """I2, I6: no key of it signs any more, and what signed stays published for the retention."""
    check(started.rings("RS256").update())
    started.pass_time(LEAD)
    check(started.rings("RS256").tick())
    check(started.rings().tick())
    assert states(started, "RS256") == [OLD, KeyState.DESTROYED]
    started.pass_time(RETENTION)
    check(started.rings().tick())
    assert set(states(started, "RS256")) == {KeyState.DESTROYED}
    started.pass_time(31 * 86_400)
    check(started.rings().tick())
    assert states(started, "RS256") == []
    assert [report.name for report in started.rings().tick()] == ["default"]


def test_a_ring_that_is_taken_up_again_begins_anew(started: RotationHarness) -> None:
    """A dropped ring that is needed again gets a first key that waits for the lead, like a new ring."""
    check(started.rings("RS256").update())
    check(started.rings().tick())
    check(started.rings("RS256").update())
    assert states(started, "RS256") == [KeyState.DESTROYED, STANDBY]


def test_a_ring_that_is_needed_and_missing_is_an_alarm(started: RotationHarness) -> None:
    """Only a deployment adds a ring: a tick that finds none says so, and rotates the others."""
    started.rotator().rotate()
    started.pass_time(RETENTION)
    default, missing = started.rings("RS256").tick()
    assert next(step.action for step in default.applied) is Action.DESTROY
    with pytest.raises(KeyRingMissing):
        missing.check()


@pytest.mark.parametrize("fault", [ItemDamaged("ring default: KeyError"), StoreUnavailable("DynamoDB: time-out")])
def test_what_stops_one_ring_does_not_stop_another(started: RotationHarness, fault: Exception) -> None:
    """A ring item damaged by hand is an alarm for itself; the other ring's key is still promoted."""
    check(started.rings("RS256").update())
    started.pass_time(LEAD)
    default, other = broken(started, "default", fault, "RS256").tick()
    assert next(step.action for step in other.applied) is Action.PROMOTE
    with pytest.raises(type(fault)):
        default.check()
    assert to_answer([default, other])["failed"][0]["ring"] == "default"


def test_a_compromised_key_is_found_in_its_ring(started: RotationHarness) -> None:
    """I8: an emergency names a key; which ring it is in is not asked, and the other ring stays as it is."""
    check(started.rings("RS256").update())
    before = started.ring
    [key] = started.store.load("RS256").keys
    [report] = started.rings("RS256").compromise(key.kid, reason="leak", actor="ann")
    assert report.name == "RS256"
    assert started.store.load("RS256").compromises[0].kid == key.kid
    assert started.ring is before
    with pytest.raises(UnknownKey):
        started.rings("RS256").compromise("nobody", reason="leak", actor="ann")


def test_an_emergency_goes_on_beside_a_damaged_ring(started: RotationHarness) -> None:
    """I8: a key in a ring that can be read is compromised; one that is not found may be in the damaged ring."""
    stolen = started.only(ACTIVE).kid
    damaged = broken(started, "PS256", ItemDamaged("ring PS256: KeyError"))
    with pytest.raises(ItemDamaged):
        damaged.compromise("nobody", reason="leak", actor="ann")
    [report] = damaged.compromise(stolen, reason="leak", actor="ann")
    assert report.applied[0].action is Action.COMPROMISE


def test_a_rotation_names_its_ring(started: RotationHarness) -> None:
    """A ring that the stack does not have, or that is out of use, is refused by name."""
    check(started.rings("RS256").update())
    with pytest.raises(UnknownRing, match="default, RS256"):
        started.rings("RS256").rotate("PS256")
    with pytest.raises(RingNotInUse):
        started.rings().rotate("RS256")
    [report] = started.rings("RS256").rotate("default")
    assert report.name == "default"


def test_all_rings_share_the_room_of_one_jwks(started: RotationHarness) -> None:
    """I9: ten keys in all, whatever each ring may hold."""
    names = ("RS256", "PS256", "ES256", "Ed25519")
    check(started.rings(*names).update())
    for name in ("default", *names):
        started.pass_time(LEAD)
        check(started.rings(*names).tick())
        check(started.rings(*names).rotate(name))
    rings = [started.store.load(name) for name in ("default", *names)]
    assert sum(len(ring.published()) for ring in rings) == 10
