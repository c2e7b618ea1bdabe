"""The planner of key rotation: the steps that a ring needs, each with its time; pure, so that tests need no AWS.

`key_transition` has the rules of the life cycle. The rotator applies each step to the version of the ring that was
planned. Times are service time in whole seconds. Callers plan with the early end of the present, so that an uncertain
clock only lengthens waits.
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
    """The kinds of steps of the rotator."""

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
    CHECK_KEY = "check_key"  # never planned: a key was disabled or deleted outside the rotator
    REPAIR_POLICY = "repair_policy"  # never planned: only KMS knows whether it is due
    COMPROMISE = "compromise"  # never planned: an operator requests it
    TICK = "tick"  # never planned: the run itself


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its `subject` is a kid or an intent's nonce; it is due from the second `at` on."""

    action: Action
    subject: str = ""
    at: int = _AT_ONCE


class KeyRingEmpty(KeyturnError):
    """The ring has neither active key, standby nor intent: only the stack's custom resource creates a first key."""


def due_steps(
    ring: KeyRing, policy: RotationPolicy, now: int, *, elsewhere: int = 0, unusable: Set[str] = frozenset()
) -> tuple[Step, ...]:
    """Return the steps that are due now, most urgent first; raises KeyRingEmpty.

    While the JWKS is full, no key is created or published: a due destruction may still fail (invariant I9).
    `elsewhere` is the number of keys that other rings have in the same JWKS. `unusable` has the kids that KMS refuses
    to sign with.
    """
    limit = min(policy.max_published_keys, MAX_JWKS_KEYS - elsewhere)
    full = len(ring.published()) >= limit
    due = (step for step in planned_steps(ring, policy, unusable) if step.at <= now)
    return tuple(step for step in due if not (full and step.action in (Action.PUBLISH, Action.CREATE_KEY)))


def planned_steps(ring: KeyRing, policy: RotationPolicy, unusable: Set[str] = frozenset()) -> tuple[Step, ...]:
    """Return all steps that follow from the present ring, most urgent first; raises KeyRingEmpty."""
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
        raise KeyRingEmpty(f"ring {ring.name} has neither an active key nor a standby: restore the ring from a backup")
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
    """Return whether the key has the algorithm and the size of the policy."""
    jwk = key.jwk or {}
    size = len(jwk.get("n", "")) * 3 // 4 * 8  # bits of the modulus, which is base64url without a leading zero
    return key.algorithm == policy.algorithm and (not size or size == policy.rsa_key_size)


def successor(ring: KeyRing, policy: RotationPolicy, unusable: Set[str]) -> RingKey | None:
    """Return the next key to sign, or None: the first standby that fits the policy, else the one published longest."""
    waiting = _waiting(ring, unusable)
    return next((key for key in waiting if fits(key, policy)), waiting[0] if waiting else None)


def effective_retention(ring: KeyRing, policy: RotationPolicy) -> int:
    """Return the seconds for which a deactivated key stays in the JWKS: the lifetime of its last token (invariant I2).

    The policy's retention covers the present longest token lifetime; the ring records earlier, longer ones.
    """
    return max(policy.retention, policy.longest_use(ring.longest_lifetime))


def overdue(ring: KeyRing, policy: RotationPolicy, now: int) -> bool:
    """Return whether the active key is older than 1.25 periods, or no key can sign (invariant I12)."""
    active = active_key(ring)
    if active is None:
        return policy.in_use and _nothing_signs(ring, frozenset())
    return now - (active.activated_at or 0) > 1.25 * policy.rotation_period


def rotate(ring: KeyRing, policy: RotationPolicy, *, now: int, stamp: int, unusable: Set[str] = frozenset()) -> KeyRing:
    """Return the ring with its standby promoted before the period is over, at an operator's request.

    `now` is the early end of the present, `stamp` the late one. Raises RingNotInUse, NoStandby, StandbyTooYoung,
    TooManyPublished.
    """
    if not policy.in_use:
        raise RingNotInUse(f"ring {ring.name} is retired, and signs no tokens")
    standby = successor(ring, policy, unusable)
    if standby is None:
        raise NoStandby(f"ring {ring.name} has no standby yet: the next tick creates one")
    if not _nothing_signs(ring, unusable):
        if (wait := standby.published_at + policy.publish_lead - now) > 0:
            raise StandbyTooYoung(wait)
        if (wait := _free_at(ring, policy) - now) > 0:
            raise TooManyPublished(wait)
    return promote(ring, standby.kid, stamp)


def _retirements(ring: KeyRing, state: KeyState) -> list[Step]:
    """Disable each key that left the JWKS, then schedule its deletion, then remove it from the ring (invariant I6)."""
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
    """Abandon intents that timed out (invariant I4) and created keys that are no longer needed; publish the others."""
    standby = successor(ring, policy, unusable)
    steps = []
    for intent in ring.intents:
        surplus = intent.arn is not None and standby is not None and (fits(standby, policy) or not fits(intent, policy))
        steps.append(
            Step(Action.ABANDON_INTENT, intent.nonce, _AT_ONCE if surplus else intent.since + policy.intent_timeout)
        )
        if intent.arn is not None and not surplus:
            steps.append(Step(Action.PUBLISH, intent.nonce, _free_at(ring, policy)))
    return steps


def _withdrawals(ring: KeyRing, policy: RotationPolicy) -> list[Step]:
    """Deactivate the active key of a ring that is out of use, and destroy its standbys at once."""
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
    """Destroy standbys that KMS refuses, or that the policy has outdated: they have never signed a token.

    The oldest that does not fit stays until another was published for the lead: an emergency promotes it.
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
    """Promote the standby after the period and the lead, when the JWKS has a free place (invariants I1, I9).

    The period of a key that does not fit the policy any more is over: a change of the algorithm is a rotation.
    """
    active, standby = active_key(ring), successor(ring, policy, unusable)
    if standby is None:
        return []
    known = standby.published_at + policy.publish_lead
    if _nothing_signs(ring, unusable):
        # A key that some caches lack is better than none; most caches have the oldest.
        return [Step(Action.PROMOTE, _waiting(ring, unusable)[0].kid)]
    if active is None:
        return [Step(Action.PROMOTE, standby.kid, known)]
    outdated = fits(standby, policy) and not fits(active, policy)
    period_over = _AT_ONCE if outdated else (active.activated_at or 0) + policy.rotation_period
    return [Step(Action.PROMOTE, standby.kid, max(period_over, known, _free_at(ring, policy)))]


def _nothing_signs(ring: KeyRing, unusable: Set[str]) -> bool:
    """Return whether tokens cannot be signed; until an added ring has an active key, the default ring signs for it."""
    active = active_key(ring)
    if active is not None:
        return active.kid in unusable
    return ring.name == DEFAULT_RING or bool(ring.compromises)


def _waiting(ring: KeyRing, unusable: Set[str]) -> list[RingKey]:
    """Return the standbys that KMS can sign with, the one published longest first."""
    waiting = (key for key in ring.keys if key.state is KeyState.PRE_ACTIVATION and key.kid not in unusable)
    return sorted(waiting, key=lambda key: key.published_at)


def _creation(ring: KeyRing, policy: RotationPolicy, unusable: Set[str]) -> list[Step]:
    standby = successor(ring, policy, unusable)
    if ring.intents or (standby is not None and fits(standby, policy)):
        return []
    return [Step(Action.CREATE_KEY, at=_free_at(ring, policy))]


def _leaves_at(key: RingKey, ring: KeyRing, policy: RotationPolicy) -> int:
    return (key.deactivated_at or 0) + effective_retention(ring, policy)


def _free_at(ring: KeyRing, policy: RotationPolicy) -> int:
    """Return the time from which on the JWKS has a free place for one more key."""
    if len(ring.published()) < policy.max_published_keys:
        return _AT_ONCE
    leaving = (key for key in ring.keys if key.state is KeyState.DEACTIVATED)
    return min((_leaves_at(key, ring, policy) for key in leaving), default=_AT_ONCE)
