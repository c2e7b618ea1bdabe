"""A compromised key: out of use everywhere, at once, for good (I8)."""

from __future__ import annotations

import pytest

from keyturn.domain.errors import KeyturnError, StoreUnavailable, VersionConflict
from keyturn.domain.keys.key_ring import KeyRing, KeyState, to_jwks
from keyturn.domain.keys.key_rotation import Action
from keyturn.domain.keys.rotation_refusal import UnknownKey
from tests.fakes.memory_key_ring import MemoryKeyRing
from tests.fakes.memory_kms import MemoryKms
from tests.fakes.rotation_harness import LEAD, RotationHarness

_DAY = 86_400


def compromise(harness: RotationHarness, kid: str, **changes: object) -> list[Action]:
    """Return what is done about a compromised key."""
    rotator = harness.rotator(None, **changes)
    return [step.action for step in rotator.compromise(kid, reason="leak", actor="ann").applied]


def test_active_key_is_replaced_disabled_and_refused_everywhere(started: RotationHarness) -> None:
    """The standby signs, global refuses the kid, KMS disables the key, and a new standby is published."""
    stolen, standby = started.only(KeyState.ACTIVE), started.only(KeyState.PRE_ACTIVATION)
    assert compromise(started, stolen.kid) == [
        Action.COMPROMISE,
        Action.DISABLE,
        Action.SCHEDULE_DELETION,
        Action.CREATE_KEY,
        Action.PUBLISH,
    ]
    assert started.only(KeyState.ACTIVE).kid == standby.kid
    assert started.store.global_kids == {stolen.kid}
    assert started.kms.made[stolen.arn].state == "PendingDeletion"
    assert started.ring.compromises[0].reason == "leak"
    assert stolen.kid not in [key["kid"] for key in to_jwks([started.ring])["keys"]]


def test_second_request_for_the_same_key_answers_and_changes_nothing(started: RotationHarness) -> None:
    """A repeated command is answered, with a note, and writes nothing."""
    stolen = started.only(KeyState.ACTIVE)
    compromise(started, stolen.kid)
    before = started.ring
    report = started.rotator().compromise(stolen.kid, reason="again", actor="bob")
    assert (report.applied, report.notes) == ([], [f"{stolen.kid} was compromised before"])
    assert started.ring is before


def test_unknown_key_is_refused(started: RotationHarness) -> None:
    """A kid that the ring does not have is refused without a change."""
    before = started.ring
    with pytest.raises(UnknownKey):
        compromise(started, "no-such-key")
    assert started.ring is before


def test_young_standby_signs_with_a_warning(harness: RotationHarness) -> None:
    """A standby that some caches do not know yet signs at once; the answer says for how long that matters."""
    harness.rotator().create_ring()
    report = harness.rotator().compromise(harness.only(KeyState.ACTIVE).kid, reason="leak", actor="ann")
    active = harness.only(KeyState.ACTIVE)
    assert report.notes == [f"{active.kid} signs now; some verifiers may not know it for another {LEAD} s"]


def test_without_a_standby_the_next_key_signs_at_once(started: RotationHarness) -> None:
    """Without a standby, signing stops until the same run has created the next key, and the answer says so."""
    stolen = started.only(KeyState.ACTIVE)
    started.store.put(started.ring.replace(keys=(stolen,)))
    report = started.rotator().compromise(stolen.kid, reason="leak", actor="ann")
    assert report.notes == ["the standby was missing: nothing is signed until the next key is created"]
    assert started.only(KeyState.ACTIVE).kid != stolen.kid
    assert started.only(KeyState.PRE_ACTIVATION)


def test_disabling_that_fails_stays_due(started: RotationHarness) -> None:
    """A compromised key that KMS did not disable is due work on every tick."""

    class StuckKms(MemoryKms):
        def disable(self, arn: str) -> None:
            raise StoreUnavailable("KMS DisableKey: ReadTimeoutError")

    stolen = started.only(KeyState.ACTIVE)
    report = started.rotator(None, keys=StuckKms(started.kms)).compromise(stolen.kid, reason="leak", actor="ann")
    assert [step.action for step, _ in report.failures] == [Action.DISABLE]
    assert started.only(KeyState.PRE_ACTIVATION)
    assert started.applied() == [Action.DISABLE, Action.SCHEDULE_DELETION]


@pytest.mark.parametrize("obstacle", ["clock", "policy"])
def test_nothing_but_the_stores_stops_an_emergency(started: RotationHarness, obstacle: str) -> None:
    """A clock that is off or durations that break a rule stop the follow-up, not the emergency."""
    stolen = started.only(KeyState.ACTIVE)
    if obstacle == "clock":
        started.local_offset = 1000
    else:
        started.policy = RotationHarness(publish_lead=1).policy
    report = started.rotator().compromise(stolen.kid, reason="leak", actor="ann")
    assert [step.action for step in report.applied] == [Action.COMPROMISE, Action.DISABLE]
    assert [step.action for step, _ in report.failures] == [Action.TICK]
    assert started.kms.made[stolen.arn].state == "Disabled"


def test_fault_after_the_emergency_does_not_hide_it(started: RotationHarness) -> None:
    """When the store fails after the transaction, the answer still says that the key is out."""

    class Failing(MemoryKeyRing):
        def load(self, name: str) -> KeyRing:
            if self.global_kids:
                raise StoreUnavailable("DynamoDB GetItem: down")
            return super().load(name)

    store = Failing(started.ring)
    report = started.rotator(None, store=store).compromise(
        started.only(KeyState.ACTIVE).kid, reason="leak", actor="ann"
    )
    assert [step.action for step in report.applied] == [Action.COMPROMISE]
    assert [str(fault) for _, fault in report.failures] == ["DynamoDB GetItem: down"]


class Contended(MemoryKeyRing):
    """A store in which another writer comes first, a number of times."""

    def __init__(self, ring: KeyRing, times: int) -> None:
        """Lose that many times."""
        super().__init__(ring)
        self.times = times

    def save_compromise(self, ring: KeyRing, compromised_kids: object) -> KeyRing:
        """Lose, or store."""
        if self.times:
            self.times -= 1
            raise VersionConflict("another writer was first")
        return super().save_compromise(ring, [str(kid) for kid in compromised_kids])  # type: ignore[attr-defined]


def test_emergency_insists_when_others_write(started: RotationHarness) -> None:
    """An emergency that meets other writers four times comes through; five times, it says so and changes nothing."""
    stolen = started.only(KeyState.ACTIVE).kid
    assert Action.COMPROMISE in compromise(started, stolen, store=Contended(started.ring, 4))
    stubborn = Contended(started.ring, 5)
    with pytest.raises(KeyturnError, match="repeat it"):
        compromise(started, stolen, store=stubborn)
    assert stubborn.ring is started.ring


def test_global_is_told_of_every_emergency_of_the_last_day(started: RotationHarness) -> None:
    """A second emergency within a day repeats the first kid; a day later it need not."""
    first = started.only(KeyState.ACTIVE).kid
    compromise(started, first)
    started.pass_time(_DAY)
    started.store.global_kids.clear()
    second = started.only(KeyState.ACTIVE).kid
    compromise(started, second)
    assert started.store.global_kids == {first, second}
    started.pass_time(_DAY + 1)
    started.store.global_kids.clear()
    third = started.only(KeyState.ACTIVE).kid
    compromise(started, third)
    assert started.store.global_kids == {third}
