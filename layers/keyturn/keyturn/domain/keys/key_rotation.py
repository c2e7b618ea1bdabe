"""What is due in a ring: the planner, pure, so that every rule can be tried without AWS.

Times are service time in whole seconds: plan with the early end of its interval, so that an uncertain clock makes every
wait longer and none shorter. Transitions (`key_transition`) apply the steps, on the version that was planned with.
"""

from __future__ import annotations

import enum
from collections.abc import Set
from dataclasses import dataclass

from keyturn.domain.errors import KeyturnError
from keyturn.domain.keys.key_ring import DEFAULT_RING, MAX_JWKS_KEYS, Intent, KeyRing, KeyState, RingKey
from keyturn.domain.keys.key_transition import active_key, promote, standby_key
from keyturn.domain.keys.rotation_policy import RotationPolicy
from keyturn.domain.keys.rotation_refusal import NoStandby, RingNotInUse, StandbyTooYoung, TooManyPublished

_AT_ONCE = 0


class Action(enum.StrEnum):
    """What the rotator can have to do."""

    DISABLE = "disable"
    RAISE_LONGEST_LIFETIME = "raise_longest_lifetime"
    ABANDON_INTENT = "abandon_intent"
    PUBLISH = "publish"
    DEACTIVATE = "deactivate"
    DESTROY = "destroy"
    PROMOTE = "promote"
    SCHEDULE_DELETION = "schedule_deletion"
    FORGET = "forget"
    CREATE_KEY = "create_key"
    CHECK_KEY = "check_key"  # never planned: a key that somebody else took out of use
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


def due_steps(
    ring: KeyRing, policy: RotationPolicy, now: int, *, elsewhere: int = 0, unusable: Set[str] = frozenset()
) -> tuple[Step, ...]:
    """Return what is to be done now, most urgent first; raises KeyRingEmpty.

    What needs room waits until the key that makes it has left: leaving may fail (I9). `elsewhere` is the number of keys
    that other rings have in the same JWKS, `unusable` has the kids that KMS does not sign with any more.
    """
    room = min(policy.max_published_keys, MAX_JWKS_KEYS - elsewhere)
    full = len(ring.published()) >= room
    due = (step for step in planned_steps(ring, policy, unusable) if step.at <= now)
    return tuple(step for step in due if not (full and step.action in (Action.PUBLISH, Action.CREATE_KEY)))


def planned_steps(ring: KeyRing, policy: RotationPolicy, unusable: Set[str] = frozenset()) -> tuple[Step, ...]:
    """Return all that the ring as it stands leads to, most urgent first, each with its time; raises KeyRingEmpty."""
    if not policy.in_use:
        return (
            *_retirements(ring, KeyState.COMPROMISED),
            *_lifetime(ring, policy),
            *_withdrawals(ring, policy),
            *_destructions(ring, policy),
            *_retirements(ring, KeyState.DESTROYED),
        )
    has_successor = active_key(ring) or standby_key(ring) or ring.intents
    if not has_successor and not ring.compromises:
        raise KeyRingEmpty(f"ring {ring.name} holds no key that signs or could: restore it, it is never made anew")
    return (
        *_retirements(ring, KeyState.COMPROMISED),
        *_lifetime(ring, policy),
        *_intents(ring, policy, unusable),
        *_destructions(ring, policy),
        *_replacements(ring, policy, unusable),
        *_promotion(ring, policy, unusable),
        *_retirements(ring, KeyState.DESTROYED),
        *_creation(ring, policy, unusable),
    )


def fits(key: RingKey | Intent, policy: RotationPolicy) -> bool:
    """Tell whether the key is of the algorithm and the size that the policy asks for."""
    jwk = key.jwk or {}
    size = len(jwk.get("n", "")) * 3 // 4 * 8  # bits of the modulus, which is base64url without a leading zero
    return key.algorithm == policy.algorithm and (not size or size == policy.rsa_key_size)


def successor(ring: KeyRing, policy: RotationPolicy, unusable: Set[str]) -> RingKey | None:
    """Return the standby that signs next, or None: one that fits the policy, else the one published longest."""
    waiting = _waiting(ring, unusable)
    return next((key for key in waiting if fits(key, policy)), waiting[0] if waiting else None)


def effective_retention(ring: KeyRing, policy: RotationPolicy) -> int:
    """Return for how many seconds a deactivated key stays in the JWKS: for the longest token ever configured (I2).

    The policy's retention covers the present ceiling; the ring remembers those of before.
    """
    return max(policy.retention, policy.ring_view + ring.longest_lifetime + policy.leeway)


def overdue(ring: KeyRing, policy: RotationPolicy, now: int) -> bool:
    """Tell whether a rotation should have been done long ago: the key that signs is older than 1.25 periods (I12)."""
    active = active_key(ring)
    if active is None:
        return policy.in_use and _nothing_signs(ring, frozenset())
    return now - (active.activated_at or 0) > 1.25 * policy.rotation_period


def rotate(ring: KeyRing, policy: RotationPolicy, *, now: int, stamp: int, unusable: Set[str] = frozenset()) -> KeyRing:
    """Return the ring with its standby promoted ahead of time, as the operator asks.

    `now` is the early end of the present, `stamp` the late one. Raises RingNotInUse, NoStandby, StandbyTooYoung,
    TooManyPublished.
    """
    if not policy.in_use:
        raise RingNotInUse(f"ring {ring.name} is not in use any more: nothing signs with it")
    standby = successor(ring, policy, unusable)
    if standby is None:
        raise NoStandby(f"ring {ring.name} has no standby yet: the next tick creates one")
    if not _nothing_signs(ring, unusable):
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


def _intents(ring: KeyRing, policy: RotationPolicy, unusable: Set[str]) -> list[Step]:
    """Give up what nobody finishes (I4), and keys that came too late to be needed; publish the others."""
    standby = successor(ring, policy, unusable)
    steps = []
    for intent in ring.intents:
        surplus = intent.arn is not None and standby is not None and (fits(standby, policy) or not fits(intent, policy))
        steps.append(
            Step(Action.ABANDON_INTENT, intent.nonce, _AT_ONCE if surplus else intent.since + policy.intent_timeout)
        )
        if intent.arn is not None and not surplus:
            steps.append(Step(Action.PUBLISH, intent.nonce, _room_at(ring, policy)))
    return steps


def _withdrawals(ring: KeyRing, policy: RotationPolicy) -> list[Step]:
    """Let nothing sign with a ring that is not in use any more: what never signed goes at once."""
    steps = [
        Step(Action.ABANDON_INTENT, each.nonce, _AT_ONCE if each.arn else each.since + policy.intent_timeout)
        for each in ring.intents
    ]
    for key in ring.keys:
        if key.state is KeyState.ACTIVE:
            steps.append(Step(Action.DEACTIVATE, key.kid))
        elif key.state is KeyState.PRE_ACTIVATION:
            steps.append(Step(Action.DESTROY, key.kid))
    return steps


def _destructions(ring: KeyRing, policy: RotationPolicy) -> list[Step]:
    leaving = (key for key in ring.keys if key.state is KeyState.DEACTIVATED)
    return [Step(Action.DESTROY, key.kid, _leaves_at(key, ring, policy)) for key in leaving]


def _replacements(ring: KeyRing, policy: RotationPolicy, unusable: Set[str]) -> list[Step]:
    """Let go of standbys that cannot sign, or do not fit the policy any more; no token of theirs is out.

    The oldest that does not fit stays until another is known to every cache: an emergency signs with it.
    """
    active = active_key(ring)
    waiting = _waiting(ring, unusable)
    unfit = [key for key in waiting if not fits(key, policy)]
    fitting = [key for key in waiting if fits(key, policy)]
    useless = [key for key in ring.keys if key.state is KeyState.PRE_ACTIVATION and key.kid in unusable]
    steps = [Step(Action.DESTROY, key.kid) for key in (*useless, *unfit[1:])]
    if unfit and fitting and active is not None and fits(active, policy):
        steps.append(Step(Action.DESTROY, unfit[0].kid, fitting[0].published_at + policy.publish_lead))
    return steps


def _promotion(ring: KeyRing, policy: RotationPolicy, unusable: Set[str]) -> list[Step]:
    """Promote the standby when the period is over, every cache knows it (I1), and its successor has room (I9).

    A key that does not fit the policy any more has had its period: changing the algorithm is a rotation.
    """
    active, standby = active_key(ring), successor(ring, policy, unusable)
    if standby is None:
        return []
    known = standby.published_at + policy.publish_lead
    if _nothing_signs(ring, unusable):
        # A key that some caches do not know yet is better than none; the oldest is known to most.
        return [Step(Action.PROMOTE, _waiting(ring, unusable)[0].kid)]
    if active is None:
        return [Step(Action.PROMOTE, standby.kid, known)]
    outdated = fits(standby, policy) and not fits(active, policy)
    period_over = _AT_ONCE if outdated else (active.activated_at or 0) + policy.rotation_period
    return [Step(Action.PROMOTE, standby.kid, max(period_over, known, _room_at(ring, policy)))]


def _nothing_signs(ring: KeyRing, unusable: Set[str]) -> bool:
    """Tell whether tokens cannot be signed: for a ring that was added and has not begun, the default ring signs."""
    active = active_key(ring)
    if active is not None:
        return active.kid in unusable
    return ring.name == DEFAULT_RING or bool(ring.compromises)


def _waiting(ring: KeyRing, unusable: Set[str]) -> list[RingKey]:
    """Return the standbys that could sign, the one published longest first."""
    waiting = (key for key in ring.keys if key.state is KeyState.PRE_ACTIVATION and key.kid not in unusable)
    return sorted(waiting, key=lambda key: key.published_at)


def _creation(ring: KeyRing, policy: RotationPolicy, unusable: Set[str]) -> list[Step]:
    standby = successor(ring, policy, unusable)
    if ring.intents or (standby is not None and fits(standby, policy)):
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
