"""Whole runs of the rotator, on fakes."""

from __future__ import annotations

import pytest

from key_rotator.report import RunIncomplete
from key_rotator.rotation import ClocksDisagree
from keyturn.domain.errors import AccessDenied, KeyRingMissing, StoreUnavailable, Throttled, VersionConflict
from keyturn.domain.keys.key_ring import DEFAULT_RING, Intent, KeyRing, KeyState
from keyturn.domain.keys.key_rotation import Action, KeyRingEmpty
from keyturn.domain.keys.rotation_policy import PolicyViolation
from keyturn.domain.keys.rotation_refusal import StandbyTooYoung
from tests.fakes.memory_key_ring import MemoryKeyRing
from tests.fakes.memory_kms import MemoryKms
from tests.fakes.rotation_harness import INTENT_TIMEOUT, LEAD, PERIOD, RETENTION, RotationHarness
from tests.fakes.token_factory import NOW

_DAY = 86_400


def test_stack_begins_with_an_active_key_and_a_standby(harness: RotationHarness) -> None:
    """Creating the ring makes one key that signs at once and one standby, both self-tested."""
    report = harness.rotator().create_ring()
    first, second = [Action.PUBLISH, Action.PROMOTE], [Action.CREATE_KEY, Action.PUBLISH]
    assert [step.action for step in report.applied] == first + second
    assert harness.only(KeyState.ACTIVE).activated_at == NOW
    assert harness.only(KeyState.PRE_ACTIVATION).published_at == NOW
    assert harness.ring.intents == ()
    assert harness.kms.states() == ["Enabled", "Enabled"]


def test_creating_the_ring_again_changes_nothing(started: RotationHarness) -> None:
    """A repeated request of the custom resource creates neither a second ring nor a third key."""
    before = started.ring
    assert started.rotator().create_ring().applied == []
    assert started.ring is before


def test_creating_the_ring_does_not_wait_for_a_crashed_run(harness: RotationHarness) -> None:
    """An intent whose run died does not delay the first key of a ring; its key is destroyed later."""
    lost = Intent(nonce="lost", since=NOW, algorithm="ES256")
    harness.store.create(KeyRing(name=DEFAULT_RING, version=1, keys=(), intents=(lost,), longest_lifetime=600))
    orphan = harness.kms.create_key("ES256", "lost")
    harness.rotator().create_ring().check()
    assert harness.only(KeyState.ACTIVE).arn != orphan
    harness.pass_time(INTENT_TIMEOUT)
    harness.rotator().tick().check()
    assert harness.only(KeyState.DESTROYED).arn == orphan
    assert harness.kms.made[orphan].state == "PendingDeletion"
    assert harness.only(KeyState.PRE_ACTIVATION)


def test_steady_state_is_left_alone(started: RotationHarness) -> None:
    """A tick without due steps writes nothing."""
    before = started.ring
    assert started.applied() == []
    assert started.ring is before


def test_rotation_promotes_the_standby_and_makes_the_next(started: RotationHarness) -> None:
    """When the period is over, the standby signs, the old key verifies, and a new standby is published."""
    first, standby = started.only(KeyState.ACTIVE), started.only(KeyState.PRE_ACTIVATION)
    started.pass_time(PERIOD - LEAD)
    assert started.applied() == [Action.PROMOTE, Action.CREATE_KEY, Action.PUBLISH]
    assert started.only(KeyState.ACTIVE).kid == standby.kid
    assert started.only(KeyState.DEACTIVATED).kid == first.kid
    assert len(started.ring.published()) == 3


def test_key_ends_disabled_then_deleted_then_forgotten(started: RotationHarness) -> None:
    """After the retention a key leaves the JWKS, is disabled, scheduled for deletion, and at its end forgotten (I6)."""
    first = started.only(KeyState.ACTIVE)
    started.pass_time(PERIOD)
    started.rotator().tick()
    started.pass_time(RETENTION - 1)
    assert started.applied() == []
    started.pass_time(1)
    assert started.applied() == [Action.DESTROY, Action.DISABLE, Action.SCHEDULE_DELETION]
    assert started.kms.made[first.arn].deletion_days == 30
    started.pass_time(30 * _DAY - 1)
    assert Action.FORGET not in started.applied()
    started.pass_time(1)
    assert Action.FORGET in started.applied()
    assert started.ring.find(first.kid) is None


def test_kms_disables_before_it_deletes(started: RotationHarness) -> None:
    """The ring says destroyed before KMS disables, and KMS disables before it deletes (I6)."""
    harness = started
    harness.pass_time(PERIOD)
    harness.rotator().tick()
    harness.pass_time(RETENTION)
    seen: list[tuple[str, KeyState]] = []

    class Recorder(MemoryKms):
        def disable(self, arn: str) -> None:
            seen.append(("disable", next(k.state for k in harness.ring.keys if k.arn == arn)))
            super().disable(arn)

        def schedule_deletion(self, arn: str, window_days: int) -> None:
            seen.append((self.made[arn].state, next(k.state for k in harness.ring.keys if k.arn == arn)))
            super().schedule_deletion(arn, window_days)

    harness.rotator(None, keys=Recorder(harness.kms)).tick().check()
    assert seen == [("disable", KeyState.DESTROYED), ("Disabled", KeyState.DESTROYED)]


def test_late_tick_does_what_was_missed(started: RotationHarness) -> None:
    """A schedule that comes weeks late still promotes only once and drops nothing (I7)."""
    started.pass_time(20 * PERIOD)
    assert started.applied() == [Action.PROMOTE, Action.CREATE_KEY, Action.PUBLISH]
    assert started.applied() == []


def test_raised_ceiling_is_remembered_at_the_next_tick(started: RotationHarness) -> None:
    """A larger token lifetime is in the ring before any key could leave too early (I2)."""
    started.policy = RotationHarness(max_token_lifetime=1200).policy
    assert started.applied() == [Action.RAISE_LONGEST_LIFETIME]
    assert started.ring.longest_lifetime == 1200


@pytest.mark.parametrize("offset", [-302, 302])
def test_clock_that_is_off_stops_everything(started: RotationHarness, offset: float) -> None:
    """A clock that is more than five minutes from service time does nothing and says so (I7)."""
    started.pass_time(PERIOD)
    started.local_offset = offset
    before = started.ring
    with pytest.raises(ClocksDisagree, match="s from service time"):
        started.rotator().tick()
    with pytest.raises(ClocksDisagree):
        started.rotator().rotate()
    assert started.ring is before


@pytest.mark.parametrize("offset", [-300, 300])
def test_clock_that_is_less_off_is_no_reason_to_stop(started: RotationHarness, offset: float) -> None:
    """Five minutes are tolerated, in either direction (I7)."""
    started.pass_time(PERIOD)
    started.local_offset = offset
    assert Action.PROMOTE in started.applied()


def test_uncertain_clock_waits_longer_and_never_shorter(started: RotationHarness) -> None:
    """A wait ends at the early end of the present and begins at its late one (I1, I2)."""
    started.clock.spread = 7
    started.pass_time(PERIOD - LEAD - 1)
    assert started.applied() == []
    started.pass_time(1)
    started.rotator().tick()
    assert started.only(KeyState.DEACTIVATED).deactivated_at == NOW + PERIOD + 7


@pytest.mark.parametrize("action", ["tick", "plan", "rotate", "create_ring", "accept_policy"])
def test_durations_that_break_a_rule_stop_every_run(started: RotationHarness, action: str) -> None:
    """A policy that breaks a rule is refused by name before anything is done."""
    before = started.ring
    started.policy = RotationHarness(publish_lead=1).policy
    with pytest.raises(PolicyViolation, match="PublishLeadSeconds"):
        getattr(started.rotator(), action)()
    assert started.ring is before


@pytest.mark.parametrize("action", ["tick", "plan", "rotate", "accept_policy"])
def test_missing_ring_is_an_alarm(harness: RotationHarness, action: str) -> None:
    """Only the custom resource creates a missing ring."""
    with pytest.raises(KeyRingMissing):
        getattr(harness.rotator(), action)()
    assert harness.kms.made == {}


def test_emptied_ring_is_an_alarm(started: RotationHarness) -> None:
    """A ring whose keys were taken out is never made anew by a tick."""
    started.store.put(started.ring.replace(keys=()))
    with pytest.raises(KeyRingEmpty):
        started.rotator().tick()
    assert len(started.kms.made) == 2


def test_plan_changes_nothing(started: RotationHarness) -> None:
    """A plan says what is due and what comes next, and writes nothing."""
    started.pass_time(PERIOD)
    before = started.ring
    report = started.rotator().plan()
    assert [step.action for step in report.due] == [Action.PROMOTE]
    assert report.applied == []
    assert started.ring is before


def test_operator_rotates_ahead_of_time(started: RotationHarness) -> None:
    """A requested rotation promotes at once and makes the next standby; a second one is refused (I1)."""
    standby = started.only(KeyState.PRE_ACTIVATION)
    report = started.rotator().rotate()
    assert [step.action for step in report.applied] == [Action.PROMOTE, Action.CREATE_KEY, Action.PUBLISH]
    assert started.only(KeyState.ACTIVE).kid == standby.kid
    with pytest.raises(StandbyTooYoung):
        started.rotator().rotate()


def test_policy_that_was_changed_by_hand_is_repaired(started: RotationHarness) -> None:
    """Every tick puts the policies of the published keys right, and says which."""
    active = started.only(KeyState.ACTIVE)
    started.kms.made[active.arn].policy_is_expected = False
    report = started.rotator().tick()
    assert [(step.action, step.subject) for step in report.applied] == [(Action.REPAIR_POLICY, active.kid)]


def test_step_that_fails_does_not_stop_the_others(started: RotationHarness) -> None:
    """A key that KMS lost by hand is reported, and the rotation still goes on."""
    active = started.only(KeyState.ACTIVE)
    del started.kms.made[active.arn]
    started.pass_time(PERIOD)
    report = started.rotator().tick()
    assert [step.action for step in report.applied] == [Action.PROMOTE, Action.CREATE_KEY, Action.PUBLISH]
    with pytest.raises(RunIncomplete, match=f"check_key {active.kid}: somebody disabled or deleted it"):
        report.check()


class RefusingKms(MemoryKms):
    """KMS that answers a creation with a fault."""

    def __init__(self, fault: Exception) -> None:
        """Take the fault."""
        super().__init__()
        self.fault = fault

    def create_key(self, algorithm: str, nonce: str, *, rsa_key_size: int = 2048) -> str:
        """Refuse."""
        raise self.fault


@pytest.mark.parametrize("fault", [AccessDenied("KMS CreateKey: no"), Throttled("KMS CreateKey: slow down")])
def test_refused_creation_leaves_no_intent(started: RotationHarness, fault: Exception) -> None:
    """After a refusal of KMS the intent is dropped, and the next run tries again at once."""
    started.rotator().rotate()
    started.store.put(started.ring.replace(keys=[k for k in started.ring.keys if k.state is KeyState.ACTIVE]))
    report = started.rotator(None, keys=RefusingKms(fault)).tick()
    assert [(step.action, str(error)) for step, error in report.failures][-1] == (Action.CREATE_KEY, str(fault))
    assert started.ring.intents == ()
    assert started.applied() == [Action.CREATE_KEY, Action.PUBLISH]


def test_unanswered_creation_keeps_its_intent(started: RotationHarness) -> None:
    """When KMS's answer is lost a key may exist: the intent stays, to be looked up by its tag (I4)."""
    started.store.put(started.ring.replace(keys=[k for k in started.ring.keys if k.state is KeyState.ACTIVE]))
    report = started.rotator(None, keys=RefusingKms(StoreUnavailable("KMS CreateKey: ReadTimeoutError"))).tick()
    assert report.failures
    [intent] = started.ring.intents
    orphan = started.kms.create_key("ES256", intent.nonce)
    assert started.applied() == []
    started.pass_time(INTENT_TIMEOUT)
    assert started.applied()[0] is Action.ABANDON_INTENT
    assert started.kms.made[orphan].state == "PendingDeletion"
    assert started.only(KeyState.PRE_ACTIVATION).arn != orphan


def test_key_of_the_wrong_kind_is_never_recorded(started: RotationHarness) -> None:
    """A key that does not fit its algorithm fails, and its intent runs out."""

    class WrongKms(MemoryKms):
        def create_key(self, algorithm: str, nonce: str, *, rsa_key_size: int = 2048) -> str:
            return super().create_key("ES384", nonce)

    started.store.put(started.ring.replace(keys=[k for k in started.ring.keys if k.state is KeyState.ACTIVE]))
    report = started.rotator(None, keys=WrongKms()).tick()
    assert "is not one for ES256" in str(report.failures[-1][1])
    assert len(started.ring.published()) == 1


def test_key_that_fails_its_self_test_is_never_published(started: RotationHarness) -> None:
    """A key whose signatures do not verify stays out of the JWKS and is destroyed after the timeout (I10)."""

    class LyingKms(MemoryKms):
        def sign(self, arn: str, algorithm: str, signing_input: bytes) -> bytes:
            return super().sign(arn, algorithm, signing_input + b"!")

    started.store.put(started.ring.replace(keys=[k for k in started.ring.keys if k.state is KeyState.ACTIVE]))
    report = started.rotator(None, keys=LyingKms(started.kms)).tick()
    assert [step.action for step, _ in report.failures] == [Action.PUBLISH]
    assert len(started.ring.published()) == 1
    started.pass_time(INTENT_TIMEOUT)
    started.rotator().tick().check()
    assert started.kms.states() == ["Enabled", "Enabled", "PendingDeletion", "Enabled"]


def test_two_conflicts_end_the_run_politely(started: RotationHarness) -> None:
    """A run that meets another one twice stops without a fault: the other one goes on (I5)."""
    started.pass_time(PERIOD)

    class Busy(MemoryKeyRing):
        def load(self, name: str) -> KeyRing:
            return started.store.load(name)

        def save(self, ring: KeyRing) -> KeyRing:
            raise VersionConflict("busy")

    report = started.rotator(None, store=Busy()).tick()
    report.check()
    assert report.applied == []
    assert report.notes == ["another run is active and applies the steps that are due"]
    assert started.applied() == [Action.PROMOTE, Action.CREATE_KEY, Action.PUBLISH]


def test_two_runs_at_once_have_one_effect(started: RotationHarness) -> None:
    """A run that is overtaken at its first write plans again: the step is done, and no second key is created (I5)."""
    started.pass_time(PERIOD)

    class Overtaken(MemoryKeyRing):
        def load(self, name: str) -> KeyRing:
            return started.store.load(name)

        def save(self, ring: KeyRing) -> KeyRing:
            started.rotator().tick()
            return started.store.save(ring)

    report = started.rotator(None, store=Overtaken()).tick()
    assert (report.applied, report.failures, report.notes) == ([], [], [])
    assert len(started.kms.made) == 3


def test_one_conflict_is_no_reason_to_stop(started: RotationHarness) -> None:
    """A run that meets another one once goes on with what is still due (I5)."""
    started.pass_time(PERIOD)
    conflicts = [VersionConflict("once")]

    class Unlucky(MemoryKeyRing):
        def load(self, name: str) -> KeyRing:
            return started.store.load(name)

        def save(self, ring: KeyRing) -> KeyRing:
            if conflicts:
                raise conflicts.pop()
            return started.store.save(ring)

    assert started.applied(started.rotator(None, store=Unlucky())) == [
        Action.PROMOTE,
        Action.CREATE_KEY,
        Action.PUBLISH,
    ]


def test_run_that_records_too_late_destroys_its_key(started: RotationHarness) -> None:
    """A run whose intent another one gave up schedules its own key for deletion (I4)."""
    started.store.put(started.ring.replace(keys=[k for k in started.ring.keys if k.state is KeyState.ACTIVE]))

    class SlowKms(MemoryKms):
        def public_key(self, arn: str) -> bytes:
            started.store.put(started.ring.replace(intents=()))
            return super().public_key(arn)

    report = started.rotator(None, keys=SlowKms(started.kms)).tick()
    assert "has given up the creation" in str(report.failures[0][1])
    assert started.kms.states() == ["Enabled", "Enabled", "PendingDeletion"]
    assert started.in_state(KeyState.PRE_ACTIVATION) == []


def test_accepted_policy_only_raises_the_lifetime(started: RotationHarness) -> None:
    """An update of the stack applies the durations and rotates no key."""
    started.pass_time(PERIOD)
    started.policy = RotationHarness(max_token_lifetime=1200).policy
    report = started.rotator().accept_policy()
    assert [step.action for step in report.applied] == [Action.RAISE_LONGEST_LIFETIME]
