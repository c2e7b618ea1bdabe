"""A run may die, or fail, before and after every call that it makes: the next ones converge (I1 to I6)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from key_rotator.rotation import Rotator
from keyturn.domain.errors import KeyturnError, StoreUnavailable
from keyturn.domain.keys.key_ring import PUBLISHED_STATES, KeyState
from tests.fakes.interruption import Crash, Interruption
from tests.fakes.rotation_harness import INTENT_TIMEOUT, LEAD, PERIOD, RETENTION, RotationHarness

_MAX_POINTS = 200


def _prepare_nothing(_harness: RotationHarness) -> None:
    """The stack is being created."""


def _prepare_rotation(harness: RotationHarness) -> None:
    """The period is over."""
    harness.start()
    harness.pass_time(PERIOD)


def _prepare_destruction(harness: RotationHarness) -> None:
    """A deactivated key has been kept long enough."""
    _prepare_rotation(harness)
    harness.rotator().tick()
    harness.pass_time(RETENTION)


def _prepare_orphan(harness: RotationHarness) -> None:
    """A run died between KMS and the ring, long ago."""
    _prepare_rotation(harness)
    with pytest.raises(Crash):
        harness.rotator(_crash_after(harness, "create_key")).tick()
    harness.pass_time(INTENT_TIMEOUT)


def _crash_after(harness: RotationHarness, name: str) -> Interruption:
    interruption = Interruption()

    def pass_point(where: str) -> None:
        if where == f"after {name}":
            raise Crash

    interruption.pass_point = pass_point  # type: ignore[method-assign]
    return interruption


def _create(rotator: Rotator) -> None:
    rotator.create_ring()


def _tick(rotator: Rotator) -> None:
    rotator.tick()


def _compromise(rotator: Rotator) -> None:
    rotator.compromise(rotator.store.load("default").keys[0].kid, reason="leak", actor="ann")


SCENARIOS: dict[str, tuple[Callable[[RotationHarness], None], Callable[[Rotator], None]]] = {
    "the ring is created": (_prepare_nothing, _create),
    "the keys rotate": (_prepare_rotation, _tick),
    "a key is destroyed": (_prepare_destruction, _tick),
    "an orphan is cleared away": (_prepare_orphan, _tick),
    "a key is compromised": (_prepare_rotation, _compromise),
}
FAULTS: dict[str, Callable[[], BaseException]] = {
    "crash": Crash,
    "no answer": lambda: StoreUnavailable("no answer"),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_any_interruption_converges(scenario: str, fault: str) -> None:
    """Interrupted at any point of any call, then run again: the steady state, and every invariant at every version."""
    prepare, run = SCENARIOS[scenario]
    for point in range(_MAX_POINTS):
        harness = RotationHarness()
        prepare(harness)
        interruption = Interruption(point, FAULTS[fault])
        interrupted = True
        try:
            run(harness.rotator(interruption))
            interrupted = bool(interruption.where)
        except (Crash, KeyturnError):
            pass
        if not interrupted:
            break
        _recover(harness, run)
        _check_steady_state(harness, interruption.where)
        _check_history(harness, interruption.where)
    else:
        pytest.fail("the scenario never came to its end")
    assert point > 10


def _recover(harness: RotationHarness, run: Callable[[Rotator], None]) -> None:
    """Repeat the run as its caller would, then tick while time passes."""
    run(harness.rotator())
    for _ in range(4):
        harness.pass_time(INTENT_TIMEOUT)
        harness.rotator().tick().check()


def _check_steady_state(harness: RotationHarness, where: str) -> None:
    """One key signs and one is the standby, both usable; all intents are closed, and no other key of KMS can sign."""
    assert harness.ring.intents == (), where
    published = {key.arn for key in harness.ring.published()}
    assert harness.only(KeyState.ACTIVE)
    assert harness.only(KeyState.PRE_ACTIVATION)
    for arn, made in harness.kms.made.items():
        assert (made.state == "Enabled") == (arn in published), (where, arn)


def _check_history(harness: RotationHarness, where: str) -> None:
    """Every version that a reader could have seen keeps the invariants."""
    has_signed = False
    for before, after in zip(harness.store.history, harness.store.history[1:], strict=False):
        active = [key for key in after.keys if key.state is KeyState.ACTIVE]
        first, has_signed = not has_signed, has_signed or bool(active)
        assert len(active) == has_signed, where  # I3: from the first key on there is always exactly one
        assert len(after.published()) <= 3, where  # I9
        for key in after.keys:
            earlier = before.find(key.kid)
            # Nothing comes back into the JWKS, and what signs was published for the lead, but for the first key.
            assert earlier is None or earlier.state in PUBLISHED_STATES or key.state not in PUBLISHED_STATES, where
            if key.state is KeyState.ACTIVE and not first:
                assert earlier is not None, where
                assert after.compromises or (key.activated_at or 0) - key.published_at >= LEAD or earlier == key, where
