"""Keys that somebody changed in KMS by hand: signing continues where it can, and the alarm rings."""

from __future__ import annotations

import pytest

from key_rotator.report import RunIncomplete
from keyturn.domain.errors import Throttled
from keyturn.domain.keys.key_ring import KeyState
from keyturn.domain.keys.key_rotation import Action
from keyturn.domain.keys.rotation_refusal import NoStandby
from tests.fakes.memory_kms import MemoryKms
from tests.fakes.rotation_harness import LEAD, RotationHarness

ACTIVE, STANDBY, OLD = KeyState.ACTIVE, KeyState.PRE_ACTIVATION, KeyState.DEACTIVATED


@pytest.mark.parametrize("state", ["Disabled", "PendingDeletion"])
def test_the_standby_signs_for_a_key_that_was_disabled_by_hand(started: RotationHarness, state: str) -> None:
    """The next tick lets the standby sign; tokens of the key before verify on, and a standby follows (I2)."""
    lost, standby = started.only(ACTIVE), started.only(STANDBY)
    started.kms.made[lost.arn].state = state
    report = started.rotator().tick()
    assert [step.action for step in report.applied] == [Action.PROMOTE, Action.CREATE_KEY, Action.PUBLISH]
    with pytest.raises(RunIncomplete, match="somebody disabled or deleted it in KMS"):
        report.check()
    assert (started.ring.active().kid, started.only(OLD).kid) == (standby.kid, lost.kid)
    started.rotator().tick().check()


def test_a_standby_that_was_disabled_by_hand_never_signs(started: RotationHarness) -> None:
    """It leaves the JWKS, since no token of it is out, and another takes its place."""
    lost = started.only(STANDBY)
    started.kms.made[lost.arn].state = "Disabled"
    applied = [step.action for step in started.rotator().tick().applied]
    assert applied == [
        Action.DESTROY,
        Action.DISABLE,
        Action.SCHEDULE_DELETION,
        Action.CREATE_KEY,
        Action.PUBLISH,
    ]
    assert started.only(STANDBY).kid != lost.kid
    assert started.only(ACTIVE)


def test_a_rotation_onto_a_key_that_was_disabled_is_refused(started: RotationHarness) -> None:
    """An operator's rotation leaves the active key signing: a disabled standby is not promoted."""
    started.kms.made[started.only(STANDBY).arn].state = "Disabled"
    before = started.ring
    with pytest.raises(NoStandby):
        started.rotator().rotate()
    assert started.ring is before


def test_without_any_key_that_signs_one_is_made_at_once(started: RotationHarness) -> None:
    """Both keys disabled by hand: a new one signs within the same run, as after an emergency without a standby."""
    for key in (started.only(ACTIVE), started.only(STANDBY)):
        started.kms.made[key.arn].state = "Disabled"
    started.rotator().tick()
    assert started.kms.made[started.ring.active().arn].state == "Enabled"


def test_an_emergency_onto_a_disabled_standby_makes_a_key(started: RotationHarness) -> None:
    """I8: the transaction promotes what it finds; the same run sees that KMS refuses it, and makes another."""
    started.kms.made[started.only(STANDBY).arn].state = "Disabled"
    report = started.rotator().compromise(started.only(ACTIVE).kid, reason="leak", actor="ann")
    assert report.failures[0][0].action is Action.CHECK_KEY
    assert started.kms.made[started.ring.active().arn].state == "Enabled"


def test_a_key_that_only_verifies_may_be_in_any_state(started: RotationHarness) -> None:
    """Keys that only verify are not checked in KMS."""
    started.rotator().rotate()
    del started.kms.made[started.only(OLD).arn]
    started.rotator().tick().check()


def test_a_plan_sees_what_was_done_by_hand(started: RotationHarness) -> None:
    """`plan` says what the next tick would do about it, and does nothing."""
    started.kms.made[started.only(ACTIVE).arn].state = "Disabled"
    before = started.ring
    report = started.rotator().plan()
    assert [step.action for step in report.due] == [Action.PROMOTE]
    assert started.ring is before


def test_a_key_about_which_kms_says_nothing_goes_on_signing(started: RotationHarness) -> None:
    """A throttled check is reported, and rotates no key."""

    class SilentKms(MemoryKms):
        def can_sign(self, arn: str) -> bool:
            raise Throttled("KMS DescribeKey: ThrottlingException")

    before = started.ring
    report = started.rotator(None, keys=SilentKms(started.kms)).tick()
    assert [step.action for step, _ in report.failures] == [Action.CHECK_KEY] * 2
    assert started.ring is before


def test_a_tick_makes_two_keys_at_most(started: RotationHarness) -> None:
    """One run creates an active key and a standby key at most: CreateKey has the smallest quota of KMS."""
    started.pass_time(100 * LEAD)
    for key in started.ring.keys:
        started.kms.made[key.arn].state = "Disabled"
    before = len(started.kms.made)
    started.rotator().tick()
    assert len(started.kms.made) - before <= 2
