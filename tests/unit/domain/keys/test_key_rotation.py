"""The planner, case by case: what is due in a ring, and from which second on."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from keyturn.domain.keys.key_ring import Compromise, Intent, KeyRing, KeyState, RingKey
from keyturn.domain.keys.key_rotation import Action, KeyRingEmpty, Step, due_steps, overdue, planned_steps, rotate
from keyturn.domain.keys.rotation_policy import RotationPolicy
from keyturn.domain.keys.rotation_refusal import NoStandby, RingNotInUse, StandbyTooYoung, TooManyPublished
from tests.fakes.rotation_harness import INTENT_TIMEOUT, LEAD, PERIOD, RETENTION, rotation_policy

T = 1_790_000_000
POLICY = rotation_policy()
ACTIVE, STANDBY = KeyState.ACTIVE, KeyState.PRE_ACTIVATION
OLD, GONE, STOLEN = KeyState.DEACTIVATED, KeyState.DESTROYED, KeyState.COMPROMISED


def key(kid: str, state: KeyState, *, algorithm: str = "ES256", n: str = "", **times: int) -> RingKey:
    """Return a key; published at T - LEAD unless said otherwise."""
    jwk = {"kid": kid, "alg": algorithm} | ({"n": n} if n else {})
    fields: dict[str, Any] = {"created_at": T - LEAD, "published_at": T - LEAD} | times
    return RingKey(kid=kid, arn=f"arn:{kid}", algorithm=algorithm, jwk=jwk, state=state, **fields)


def ring(*keys: RingKey, **fields: Any) -> KeyRing:
    """Return a ring of these keys."""
    return KeyRing(name="default", version=1, keys=keys, **({"longest_lifetime": 600} | fields))


def intent(nonce: str, since: int, arn: str | None = None) -> Intent:
    """Return an intent, with a key if there is an ARN."""
    return Intent(nonce=nonce, since=since, algorithm="ES256", arn=arn, jwk={"kid": f"k-{nonce}"} if arn else None)


A = key("a", ACTIVE, activated_at=T)
S = key("s", STANDBY)
EMERGENCY = (Compromise(kid="x", at=T, reason="r", actor="o"),)


class Case(NamedTuple):
    """A ring, the first second at which a step is due, and that step; the second before, it is not."""

    ring: KeyRing
    at: int
    action: Action
    subject: str = ""


CASES = {
    "the standby is promoted when the period is over": Case(ring(A, S), T + PERIOD, Action.PROMOTE, "s"),
    "the standby is not promoted before its lead is over": Case(
        ring(A, key("s", STANDBY, published_at=T + PERIOD)), T + PERIOD + LEAD, Action.PROMOTE, "s"
    ),
    "the standby is not promoted before its successor has room": Case(
        ring(A, S, key("o", OLD, deactivated_at=T + PERIOD)), T + PERIOD + RETENTION, Action.PROMOTE, "s"
    ),
    "the standby that was published first is promoted": Case(
        ring(A, key("later", STANDBY, published_at=T), S, longest_lifetime=600), T + PERIOD, Action.PROMOTE, "s"
    ),
    "a deactivated key leaves after the retention": Case(
        ring(A, S, key("o", OLD, deactivated_at=T)), T + RETENTION, Action.DESTROY, "o"
    ),
    "a deactivated key stays for the longest lifetime ever configured": Case(
        ring(A, S, key("o", OLD, deactivated_at=T), longest_lifetime=3600), T + 60 + 3600 + 10 + 5, Action.DESTROY, "o"
    ),
    "an intent without a key is abandoned after the timeout": Case(
        ring(A, intents=[intent("n", T)]), T + INTENT_TIMEOUT, Action.ABANDON_INTENT, "n"
    ),
    "an intent whose key is not published in time is abandoned": Case(
        ring(A, intents=[intent("n", T, "arn:n")]), T + INTENT_TIMEOUT, Action.ABANDON_INTENT, "n"
    ),
    "a destroyed key is forgotten when KMS has deleted it": Case(
        ring(A, S, key("g", GONE, disabled_at=T, deletion_at=T + 99)), T + 99, Action.FORGET, "g"
    ),
    "a compromised key is forgotten when KMS has deleted it": Case(
        ring(A, S, key("x", STOLEN, disabled_at=T, deletion_at=T + 99), compromises=EMERGENCY),
        T + 99,
        Action.FORGET,
        "x",
    ),
    "a standby that does not fit leaves when one that fits is known everywhere": Case(
        ring(A, key("u", STANDBY, algorithm="PS256"), key("s", STANDBY, published_at=T)), T + LEAD, Action.DESTROY, "u"
    ),
    "a key that fits takes over from one that does not as soon as it is known everywhere": Case(
        ring(key("u", ACTIVE, algorithm="PS256", activated_at=T), key("s", STANDBY, published_at=T)),
        T + LEAD,
        Action.PROMOTE,
        "s",
    ),
    "a standby that does not fit takes over by the period while there is no other": Case(
        ring(A, key("u", STANDBY, algorithm="PS256")), T + PERIOD, Action.PROMOTE, "u"
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_step_is_due_from_its_second_on(name: str) -> None:
    """The step is due at its second and not one second before (I1, I2, I4, I6, I9)."""
    case = CASES[name]
    step = (case.action, case.subject)
    assert step in [(each.action, each.subject) for each in due_steps(case.ring, POLICY, case.at)]
    assert step not in [(each.action, each.subject) for each in due_steps(case.ring, POLICY, case.at - 1)]


AT_ONCE: dict[str, tuple[KeyRing, list[tuple[Action, str]]]] = {
    "the steady state has nothing to do": (ring(A, S), []),
    "a ring without a standby gets one": (ring(A), [(Action.CREATE_KEY, "")]),
    "an open intent is waited for": (ring(A, intents=[intent("n", T)]), []),
    "the key of an intent is published": (ring(A, intents=[intent("n", T, "arn:n")]), [(Action.PUBLISH, "n")]),
    "a key that comes too late to be needed is abandoned": (
        ring(A, S, intents=[intent("n", T, "arn:n")]),
        [(Action.ABANDON_INTENT, "n")],
    ),
    "a raised ceiling is remembered": (ring(A, S, longest_lifetime=599), [(Action.RAISE_LONGEST_LIFETIME, "")]),
    "a lowered ceiling is not": (ring(A, S, longest_lifetime=601), []),
    "a destroyed key is disabled": (ring(A, S, key("g", GONE)), [(Action.DISABLE, "g")]),
    "a disabled key is scheduled for deletion": (
        ring(A, S, key("g", GONE, disabled_at=T)),
        [(Action.SCHEDULE_DELETION, "g")],
    ),
    "a compromised key is disabled before anything else": (
        ring(A, key("x", STOLEN), compromises=EMERGENCY, longest_lifetime=1),
        [(Action.DISABLE, "x"), (Action.RAISE_LONGEST_LIFETIME, ""), (Action.CREATE_KEY, "")],
    ),
    "without an active key a standby of any age takes over": (
        ring(key("s", STANDBY, published_at=T), compromises=EMERGENCY),
        [(Action.PROMOTE, "s")],
    ),
    "after an emergency without a standby a key is made": (
        ring(key("x", STOLEN, disabled_at=T, deletion_at=T + 9), compromises=EMERGENCY),
        [(Action.CREATE_KEY, "")],
    ),
    "a ring whose algorithm was changed gets a standby of the new one, and keeps its own meanwhile": (
        ring(key("a", ACTIVE, algorithm="PS256", activated_at=T), key("s", STANDBY, algorithm="PS256")),
        [(Action.CREATE_KEY, "")],
    ),
    "a ring whose RSA keys are of another size gets a standby of the right one": (
        ring(
            key("a", ACTIVE, algorithm="RS256", n="A" * 342, activated_at=T),
            key("s", STANDBY, algorithm="RS256", n="A" * 342),
        ),
        [(Action.CREATE_KEY, "")],
    ),
    "of two standbys that do not fit, the younger makes room": (
        ring(A, key("u", STANDBY, algorithm="PS256"), key("y", STANDBY, algorithm="RS256", published_at=T)),
        [(Action.DESTROY, "y")],
    ),
    "a standby that does not fit is what an emergency signs with until the key that fits signs": (
        ring(key("a", ACTIVE, algorithm="PS256", activated_at=T), key("u", STANDBY, algorithm="PS256"), S),
        [(Action.PROMOTE, "s")],
    ),
    "a key that comes when the policy has changed again is abandoned": (
        ring(
            A,
            key("u", STANDBY, algorithm="PS256"),
            intents=[Intent(nonce="n", since=T, algorithm="RS256", arn="arn:n", jwk={"kid": "k"})],
        ),
        [(Action.ABANDON_INTENT, "n")],
    ),
}


@pytest.mark.parametrize("name", AT_ONCE)
def test_exactly_these_steps_are_due_at_once(name: str) -> None:
    """In this ring, exactly these steps are due, in this order."""
    given, steps = AT_ONCE[name]
    assert [(step.action, step.subject) for step in due_steps(given, POLICY, T)] == steps


def test_a_key_is_published_once_another_has_left_and_not_when_it_should_have() -> None:
    """I9: while leaving fails, the JWKS is full: what comes next waits for the deed, not for the time."""
    old = [key(f"o{n}", OLD, deactivated_at=T + n) for n in (2, 1)]
    full = ring(A, *old, intents=[intent("n", T + RETENTION, "arn:n")])
    late = T + RETENTION + 2
    [creation] = [step for step in planned_steps(ring(A, *old), POLICY) if step.action is Action.CREATE_KEY]
    assert creation.at == T + RETENTION + 1
    assert Action.CREATE_KEY not in [step.action for step in due_steps(ring(A, *old), POLICY, late)]
    assert [(step.action, step.subject) for step in due_steps(full, POLICY, late)] == [
        (Action.DESTROY, "o2"),
        (Action.DESTROY, "o1"),
    ]
    has_room = full.replace(keys=[A, old[0]])
    assert (Action.PUBLISH, "n") in [(step.action, step.subject) for step in due_steps(has_room, POLICY, late)]


def test_a_full_jwks_of_several_rings_waits_as_well() -> None:
    """I9: ten keys in all: what other rings have published counts."""
    assert [step.action for step in due_steps(ring(A), POLICY, T, elsewhere=8)] == [Action.CREATE_KEY]
    assert due_steps(ring(A), POLICY, T, elsewhere=9) == ()


def test_the_first_key_of_a_ring_that_was_added_waits_for_the_lead() -> None:
    """I1: verifiers have cached the JWKS without it, and the default ring signs meanwhile; nobody can hurry it."""
    added = ring(S.replace(published_at=T)).replace(name="ES256")
    assert planned_steps(added, POLICY) == (Step(Action.PROMOTE, "s", T + LEAD),)
    with pytest.raises(StandbyTooYoung):
        rotate(added, POLICY, now=T + LEAD - 1, stamp=T + LEAD)
    assert rotate(added, POLICY, now=T + LEAD, stamp=T + LEAD).active().kid == "s"


def test_a_ring_that_no_audience_needs_is_wound_up() -> None:
    """I2: unused keys leave at once, and others stay for their tokens; no key is created."""
    left = ring(A, S, key("o", OLD, deactivated_at=T), key("g", GONE, disabled_at=T), intents=[intent("n", T, "arn:n")])
    unused = rotation_policy(in_use=False)
    steps = planned_steps(left, unused)
    assert [(step.action, step.subject, step.at) for step in steps] == [
        (Action.ABANDON_INTENT, "n", 0),
        (Action.DEACTIVATE, "a", 0),
        (Action.DESTROY, "s", 0),
        (Action.DESTROY, "o", T + RETENTION),
        (Action.SCHEDULE_DELETION, "g", 0),
    ]
    assert planned_steps(ring(), unused) == ()
    with pytest.raises(RingNotInUse):
        rotate(left, unused, now=T, stamp=T)


@pytest.mark.parametrize(
    ("given", "policy", "late"),
    [
        (ring(A, S), POLICY, T + PERIOD * 5 // 4 + 1),
        (ring(S), POLICY, 0),
        (ring(S, compromises=EMERGENCY).replace(name="ES256"), POLICY, 0),
        (ring(S).replace(name="ES256"), POLICY, None),
        (ring(), rotation_policy(in_use=False), None),
    ],
)
def test_a_rotation_is_overdue_after_a_period_and_a_quarter(
    given: KeyRing, policy: RotationPolicy, late: int | None
) -> None:
    """I12: the key that signs is too old from that second on; so is a ring in which nothing signs."""
    assert overdue(given, policy, late if late is not None else T + 10 * PERIOD) is (late is not None)
    assert not late or not overdue(given, policy, late - 1)


@pytest.mark.parametrize("left", [(), (key("o", OLD, deactivated_at=T),), (key("g", GONE),)])
def test_emptied_ring_is_an_alarm_and_no_bootstrap(left: tuple[RingKey, ...]) -> None:
    """A ring that lost its keys without an emergency raises: only the custom resource creates a first key."""
    with pytest.raises(KeyRingEmpty):
        due_steps(ring(*left), POLICY, T)


def test_plan_shows_what_comes_next_with_its_time() -> None:
    """The plan of the steady state is the next promotion, at its second."""
    [step] = planned_steps(ring(A, S), POLICY)
    assert (step.action, step.subject, step.at) == (Action.PROMOTE, "s", T + PERIOD)


def test_operator_rotates_as_soon_as_the_lead_is_over() -> None:
    """On request, the standby signs when its lead is over, and is refused a second before, with the wait (I1)."""
    rotated = rotate(ring(A, S), POLICY, now=T, stamp=T + 2)
    assert rotated.active() == S.replace(state=ACTIVE, activated_at=T + 2)
    assert rotated.find("a") == A.replace(state=OLD, deactivated_at=T + 2)
    with pytest.raises(StandbyTooYoung, match="wait 1 s") as refusal:
        rotate(ring(A, S), POLICY, now=T - 1, stamp=T)
    assert refusal.value.retry_after == 1


def test_operator_waits_for_room_in_the_jwks() -> None:
    """A rotation is refused while the JWKS would be full for the next standby (I9)."""
    full = ring(A, S, key("o", OLD, deactivated_at=T - 10))
    with pytest.raises(TooManyPublished) as refusal:
        rotate(full, POLICY, now=T, stamp=T)
    assert refusal.value.retry_after == RETENTION - 10


def test_operator_cannot_rotate_without_a_standby() -> None:
    """Without a standby, a rotation is refused and says so."""
    with pytest.raises(NoStandby):
        rotate(ring(A), POLICY, now=T, stamp=T)


def test_rotation_without_an_active_key_takes_any_standby() -> None:
    """The standby's age is irrelevant if the ring cannot sign."""
    young = ring(key("s", STANDBY, published_at=T), compromises=EMERGENCY)
    assert rotate(young, POLICY, now=T, stamp=T).active().kid == "s"
