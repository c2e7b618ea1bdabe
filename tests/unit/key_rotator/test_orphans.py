"""A tag cannot make the rotator destroy a key of a ring, or one older than its intent (I4, I6)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from keyturn.domain.errors import StoreUnavailable
from keyturn.domain.keys import key_transition
from keyturn.domain.keys.key_ring import DEFAULT_RING, KeyState
from keyturn.domain.keys.key_rotation import Action
from tests.fakes.interruption import Crash, Interruption
from tests.fakes.rotation_harness import INTENT_TIMEOUT, LEAD, PERIOD, RotationHarness

OTHER = "RS256"


@pytest.fixture
def world(harness: RotationHarness) -> RotationHarness:
    """Return two rings in their steady state; the default one has an intent whose run died before KMS was called."""
    for report in harness.rings(OTHER).create():
        report.check()
    harness.pass_time(LEAD)
    harness.pass_time(PERIOD)
    harness.rings(OTHER).tick()
    ring = harness.store.load(DEFAULT_RING)
    opened = key_transition.open_intent(ring, nonce="lost", algorithm="ES256", now=int(harness.clock.seconds))
    harness.store.save(opened)
    return harness


def keys_of(world: RotationHarness, name: str) -> dict[KeyState, str]:
    """Return an ARN of a ring for each state that a key of it has."""
    return {key.state: key.arn for key in world.store.load(name).keys}


def tick_at_the_timeout(world: RotationHarness) -> None:
    """Let the intent time out, and tick; the steps succeed."""
    world.pass_time(INTENT_TIMEOUT)
    for report in world.rings(OTHER).tick():
        report.check()
    assert all(intent.nonce != "lost" for intent in world.ring.intents)


@pytest.mark.parametrize("name", [DEFAULT_RING, OTHER])
@pytest.mark.parametrize("state", [KeyState.ACTIVE, KeyState.PRE_ACTIVATION, KeyState.DEACTIVATED])
def test_a_key_of_any_ring_is_never_an_orphan(world: RotationHarness, name: str, state: KeyState) -> None:
    """The nonce of an intent on a key of a ring leaves the key enabled, however young it is."""
    made = world.kms.made[keys_of(world, name)[state]]
    made.nonce, made.created_at = "lost", world.clock.seconds
    before = {each: keys_of(world, each) for each in (DEFAULT_RING, OTHER)}
    tick_at_the_timeout(world)
    assert made.state == "Enabled"
    assert {each: keys_of(world, each)[KeyState.ACTIVE] for each in before} == {
        each: arns[KeyState.ACTIVE] for each, arns in before.items()
    }


def test_a_created_key_of_another_intent_is_never_an_orphan(world: RotationHarness) -> None:
    """A key that another ring has recorded, and will publish, is not destroyed for its tag."""
    arn = world.kms.create_key(OTHER, "lost")
    ring = world.store.load(OTHER)
    opened = key_transition.open_intent(ring, nonce="n", algorithm=OTHER, now=int(world.clock.seconds))
    world.store.save(key_transition.record_key(opened, "n", arn=arn, jwk={"kid": "k", "alg": OTHER}))
    world.pass_time(INTENT_TIMEOUT)
    world.rotator().tick()
    assert world.ring.intents == ()
    assert world.kms.made[arn].state == "Enabled"


@pytest.mark.parametrize("age", [PERIOD, 3600, 120])
def test_a_key_older_than_the_intent_is_never_an_orphan(world: RotationHarness, age: int) -> None:
    """A key of the account that carries the tags, and is older than the intent, stays as it is."""
    arn = world.kms.create_key("ES256", "lost")
    world.kms.made[arn].created_at -= age
    tick_at_the_timeout(world)
    assert world.kms.made[arn].state == "Enabled"


@pytest.mark.parametrize("clocks_differ", [-5, 0, 5, INTENT_TIMEOUT - 1])
def test_an_orphan_is_destroyed(world: RotationHarness, clocks_differ: int) -> None:
    """A key of the intent that is in no ring is deleted, also if KMS's clock is a little behind."""
    arn = world.kms.create_key("ES256", "lost")
    world.kms.made[arn].created_at += clocks_differ
    tick_at_the_timeout(world)
    assert world.kms.made[arn].state == "PendingDeletion"


def test_no_key_is_destroyed_while_a_ring_cannot_be_read(
    world: RotationHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key may be in the ring that could not be read: the intent waits for the next tick."""
    arn = world.kms.create_key("ES256", "lost")
    load: Callable[[str], object] = world.store.load

    def broken(name: str) -> object:
        if name == OTHER:
            raise StoreUnavailable("down")
        return load(name)

    world.pass_time(INTENT_TIMEOUT)
    with monkeypatch.context() as patch:
        patch.setattr(world.store, "load", broken)
        report = world.rotator().tick()
    assert [step.action for step, _ in report.failures] == [Action.ABANDON_INTENT]
    assert world.kms.made[arn].state == "Enabled"
    tick_at_the_timeout(world)
    assert world.kms.made[arn].state == "PendingDeletion"


def test_a_crash_while_rings_are_read_loses_nothing(world: RotationHarness) -> None:
    """The orphan is found again by the next run."""
    arn = world.kms.create_key("ES256", "lost")
    world.pass_time(INTENT_TIMEOUT)
    interruption = Interruption()

    def pass_point(where: str) -> None:
        if where == "after find_by_nonce":
            raise Crash

    interruption.pass_point = pass_point  # type: ignore[method-assign]
    with pytest.raises(Crash):
        world.rotator(interruption).tick()
    tick_at_the_timeout(world)
    assert world.kms.made[arn].state == "PendingDeletion"
