"""What is due in a ring: the planner, pure, so that every rule can be tried without AWS.

Times are service time in whole seconds: plan with the early end of its interval, so that an uncertain clock makes every
wait longer and none shorter. Transitions (`key_transition`) apply the steps, on the version that was planned with.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from keyturn.domain.errors import KeyturnError
from keyturn.domain.key_ring import KeyRing, KeyState, RingKey
from keyturn.domain.key_transition import active_key, promote, standby_key
from keyturn.domain.rotation_policy import RotationPolicy
from keyturn.domain.rotation_refusal import NoStandby, StandbyTooYoung, TooManyPublished

_AT_ONCE = 0


class Action(enum.StrEnum):
    """What the rotator can have to do."""

    DISABLE = "disable"
    RAISE_LONGEST_LIFETIME = "raise_longest_lifetime"
    ABANDON_INTENT = "abandon_intent"
    PUBLISH = "publish"
    DESTROY = "destroy"
    PROMOTE = "promote"
    SCHEDULE_DELETION = "schedule_deletion"
    FORGET = "forget"
    CREATE_KEY = "create_key"
    REPAIR_POLICY = "repair_policy"  # never planned: only KMS knows whether it is due
    COMPROMISE = "compromise"  # never planned: the operator asks for it
    TICK = "tick"  # never planned: the run itself


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do: with which key (its kid) or intent (its nonce), and from which second on."""

    action: Action
    subject: str = ""
    at: int = _AT_ONCE


class KeyRingEmpty(KeyturnError):
    """The ring has neither a key that signs nor one that could: only the stack's custom resource makes a first key."""


def due_steps(ring: KeyRing, policy: RotationPolicy, now: int) -> tuple[Step, ...]:
    """Return what is to be done now, most urgent first; raises KeyRingEmpty.

    What is published waits until the key that makes room for it has left: leaving may fail (I9).
    """
    full = len(ring.published()) >= policy.max_published_keys
    due = (step for step in planned_steps(ring, policy) if step.at <= now)
    return tuple(step for step in due if not (full and step.action is Action.PUBLISH))


def planned_steps(ring: KeyRing, policy: RotationPolicy) -> tuple[Step, ...]:
    """Return all that the ring as it stands leads to, most urgent first, each with its time; raises KeyRingEmpty."""
    has_successor = active_key(ring) or standby_key(ring) or ring.intents
    if not has_successor and not ring.compromises:
        raise KeyRingEmpty(f"ring {ring.name} holds no key that signs or could: restore it, it is never made anew")
    return (
        *_retirements(ring, KeyState.COMPROMISED),
        *_lifetime(ring, policy),
        *_intents(ring, policy),
        *_destructions(ring, policy),
        *_promotion(ring, policy),
        *_retirements(ring, KeyState.DESTROYED),
        *_creation(ring, policy),
    )


def effective_retention(ring: KeyRing, policy: RotationPolicy) -> int:
    """Return for how many seconds a deactivated key stays in the JWKS: for the longest token ever configured (I2).

    The policy's retention covers the present ceiling; the ring remembers those of before.
    """
    return max(policy.retention, policy.ring_view + ring.longest_lifetime + policy.leeway)


def rotate(ring: KeyRing, policy: RotationPolicy, *, now: int, stamp: int) -> KeyRing:
    """Return the ring with its standby promoted ahead of time, as the operator asks.

    `now` is the early end of the present, `stamp` the late one. Raises NoStandby, StandbyTooYoung, TooManyPublished.
    """
    standby = standby_key(ring)
    if standby is None:
        raise NoStandby(f"ring {ring.name} has no standby yet: the next tick creates one")
    if active_key(ring) is not None:
        if (wait := standby.published_at + policy.publish_lead - now) > 0:
            raise StandbyTooYoung(wait)
        if (wait := _room_at(ring, policy) - now) > 0:
            raise TooManyPublished(wait)
    return promote(ring, standby.kid, stamp)


def _retirements(ring: KeyRing, state: KeyState) -> list[Step]:
    """Disable what has left the JWKS, then schedule its deletion, then forget it (I6)."""
    steps = []
    for key in ring.keys:
        if key.state is not state:
            continue
        if key.disabled_at is None:
            steps.append(Step(Action.DISABLE, key.kid))
        elif key.deletion_at is None:
            steps.append(Step(Action.SCHEDULE_DELETION, key.kid))
        else:
            steps.append(Step(Action.FORGET, key.kid, key.deletion_at))
    return steps


def _lifetime(ring: KeyRing, policy: RotationPolicy) -> list[Step]:
    return [Step(Action.RAISE_LONGEST_LIFETIME)] if ring.longest_lifetime < policy.max_token_lifetime else []


def _intents(ring: KeyRing, policy: RotationPolicy) -> list[Step]:
    """Give up what nobody finishes (I4), and keys that came too late to be needed; publish the others."""
    steps = []
    for intent in ring.intents:
        surplus = intent.arn is not None and standby_key(ring) is not None
        steps.append(
            Step(Action.ABANDON_INTENT, intent.nonce, _AT_ONCE if surplus else intent.since + policy.intent_timeout)
        )
        if intent.arn is not None and not surplus:
            steps.append(Step(Action.PUBLISH, intent.nonce, _room_at(ring, policy)))
    return steps


def _destructions(ring: KeyRing, policy: RotationPolicy) -> list[Step]:
    leaving = (key for key in ring.keys if key.state is KeyState.DEACTIVATED)
    return [Step(Action.DESTROY, key.kid, _leaves_at(key, ring, policy)) for key in leaving]


def _promotion(ring: KeyRing, policy: RotationPolicy) -> list[Step]:
    """Promote the standby when the period is over, every cache knows it (I1), and its successor has room (I9)."""
    active, standby = active_key(ring), standby_key(ring)
    if standby is None:
        return []
    if active is None:
        # Nothing is signed at all: a key that some caches do not know yet is better.
        return [Step(Action.PROMOTE, standby.kid)]
    period_over = (active.activated_at or 0) + policy.rotation_period
    known = standby.published_at + policy.publish_lead
    return [Step(Action.PROMOTE, standby.kid, max(period_over, known, _room_at(ring, policy)))]


def _creation(ring: KeyRing, policy: RotationPolicy) -> list[Step]:
    if standby_key(ring) is not None or ring.intents:
        return []
    return [Step(Action.CREATE_KEY, at=_room_at(ring, policy))]


def _leaves_at(key: RingKey, ring: KeyRing, policy: RotationPolicy) -> int:
    return (key.deactivated_at or 0) + effective_retention(ring, policy)


def _room_at(ring: KeyRing, policy: RotationPolicy) -> int:
    """Return from when on the JWKS has room for one more key."""
    if len(ring.published()) < policy.max_published_keys:
        return _AT_ONCE
    leaving = (key for key in ring.keys if key.state is KeyState.DEACTIVATED)
    return min((_leaves_at(key, ring, policy) for key in leaving), default=_AT_ONCE)
