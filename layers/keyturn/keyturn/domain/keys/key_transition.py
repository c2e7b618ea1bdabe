"""What each change does to a ring: pure functions from one value to the next, each written as one conditional write.

`now` is the late end of service time in whole seconds: a wait that starts at it is never too short.
"""

from __future__ import annotations

from keyturn.domain.errors import KeyturnError
from keyturn.domain.keys.key_ring import Compromise, Intent, KeyRing, KeyState, RingKey
from keyturn.domain.keys.rotation_refusal import UnknownKey


class IntentGivenUp(KeyturnError):
    """Another run has given up this creation: whatever KMS made for it must not be published."""


def active_key(ring: KeyRing) -> RingKey | None:
    """Return the key that signs, or None."""
    return next((key for key in ring.keys if key.state is KeyState.ACTIVE), None)


def standby_key(ring: KeyRing) -> RingKey | None:
    """Return the key that has been published longest among those that have not signed yet, or None."""
    waiting = (key for key in ring.keys if key.state is KeyState.PRE_ACTIVATION)
    return min(waiting, key=lambda key: key.published_at, default=None)


def open_intent(ring: KeyRing, *, nonce: str, algorithm: str, now: int) -> KeyRing:
    """Return the ring with the wish for a key, which is written before KMS is asked (invariant I4)."""
    return ring.replace(intents=(*ring.intents, Intent(nonce=nonce, since=now, algorithm=algorithm)))


def record_key(ring: KeyRing, nonce: str, *, arn: str, jwk: dict[str, str]) -> KeyRing:
    """Return the ring with KMS's answer in the intent; raises IntentGivenUp."""
    wish = find_intent(ring, nonce)
    answered = Intent(nonce=nonce, since=wish.since, algorithm=wish.algorithm, arn=arn, jwk=jwk)
    return ring.replace(intents=tuple(answered if each.nonce == nonce else each for each in ring.intents))


def publish(ring: KeyRing, nonce: str, now: int) -> KeyRing:
    """Return the ring with the intent's key in the JWKS, as a standby; raises IntentGivenUp."""
    intent = find_intent(ring, nonce)
    if intent.arn is None or intent.jwk is None:
        raise IntentGivenUp(f"the creation {nonce} has no key to publish")
    key = RingKey(
        kid=intent.jwk["kid"],
        arn=intent.arn,
        algorithm=intent.algorithm,
        jwk=intent.jwk,
        state=KeyState.PRE_ACTIVATION,
        created_at=intent.since,
        published_at=now,
    )
    return drop_intent(ring, nonce).replace(keys=(*ring.keys, key))


def abandon_intent(ring: KeyRing, nonce: str, found: tuple[str, ...], now: int) -> KeyRing:
    """Return the ring without the intent, and with the keys that KMS made for it (their ARNs) as destroyed keys.

    They are disabled and deleted as any other: KMS is touched only after this is written, so that a run that comes late
    can neither publish such a key nor find it gone after it has. Raises IntentGivenUp.
    """
    intent = find_intent(ring, nonce)
    arns = {arn: None for arn in (intent.arn, *found) if arn and all(key.arn != arn for key in ring.keys)}
    return drop_intent(ring, nonce).replace(keys=(*ring.keys, *(_abandoned(intent, arn, now) for arn in arns)))


def _abandoned(intent: Intent, arn: str, now: int) -> RingKey:
    # A key that was never recorded has no thumbprint here and needs none: it never enters the JWKS.
    nameless = {"kid": f"abandoned-{arn.rpartition('/')[2]}", "alg": intent.algorithm}
    jwk = intent.jwk if intent.jwk is not None and intent.arn == arn else nameless
    return RingKey(
        kid=jwk["kid"],
        arn=arn,
        algorithm=intent.algorithm,
        jwk=jwk,
        state=KeyState.DESTROYED,
        created_at=intent.since,
        published_at=now,
        destroyed_at=now,
    )


def drop_intent(ring: KeyRing, nonce: str) -> KeyRing:
    """Return the ring without the intent."""
    return ring.replace(intents=tuple(intent for intent in ring.intents if intent.nonce != nonce))


def promote(ring: KeyRing, kid: str, now: int) -> KeyRing:
    """Return the ring in which this key signs and the one that signed only verifies, in one step (invariant I3)."""
    active = active_key(ring)
    if active is not None:
        ring = ring.with_key(active.replace(state=KeyState.DEACTIVATED, deactivated_at=now))
    return ring.with_key(find_key(ring, kid).replace(state=KeyState.ACTIVE, activated_at=now))


def deactivate(ring: KeyRing, kid: str, now: int) -> KeyRing:
    """Return the ring in which this key only verifies and none signs: the ring is not in use any more."""
    return ring.with_key(find_key(ring, kid).replace(state=KeyState.DEACTIVATED, deactivated_at=now))


def destroy(ring: KeyRing, kid: str, now: int) -> KeyRing:
    """Return the ring in which this key has left the JWKS."""
    return ring.with_key(find_key(ring, kid).replace(state=KeyState.DESTROYED, destroyed_at=now))


def mark_disabled(ring: KeyRing, kid: str, now: int) -> KeyRing:
    """Return the ring that knows that KMS refuses this key."""
    return ring.with_key(find_key(ring, kid).replace(disabled_at=now))


def mark_deletion(ring: KeyRing, kid: str, deletion_at: int) -> KeyRing:
    """Return the ring that knows when KMS deletes this key."""
    return ring.with_key(find_key(ring, kid).replace(deletion_at=deletion_at))


def forget(ring: KeyRing, kid: str) -> KeyRing:
    """Return the ring without this key; the emergency log keeps its kid."""
    return ring.replace(keys=tuple(key for key in ring.keys if key.kid != kid))


def raise_longest_lifetime(ring: KeyRing, lifetime: int) -> KeyRing:
    """Return the ring that remembers this token lifetime, in seconds, if it is the longest so far (invariant I2)."""
    return ring.replace(longest_lifetime=max(ring.longest_lifetime, lifetime))


def compromise(ring: KeyRing, entry: Compromise) -> KeyRing:
    """Return the ring without that key, for good (invariant I8); the standby signs from the same instant on.

    The standby takes over whatever its age: the only other choice is to sign nothing. A key that was compromised before
    leaves the ring as it is. Raises UnknownKey.
    """
    if any(known.kid == entry.kid for known in ring.compromises):
        return ring
    key = find_key(ring, entry.kid)
    ring = ring.with_key(key.replace(state=KeyState.COMPROMISED, compromised_at=entry.at))
    ring = ring.replace(compromises=(*ring.compromises, entry))
    standby = standby_key(ring)
    if active_key(ring) is None and standby is not None:
        ring = promote(ring, standby.kid, entry.at)
    return ring


def compromised_since(ring: KeyRing, since: int) -> tuple[str, ...]:
    """Return the kids of the emergencies from a time on."""
    return tuple(entry.kid for entry in ring.compromises if entry.at >= since)


def find_key(ring: KeyRing, kid: str) -> RingKey:
    """Return the key with this kid; raises UnknownKey."""
    key = ring.find(kid)
    if key is None:
        raise UnknownKey(f"ring {ring.name} has no key {kid}")
    return key


def find_intent(ring: KeyRing, nonce: str) -> Intent:
    """Return the intent with this nonce; raises IntentGivenUp."""
    for intent in ring.intents:
        if intent.nonce == nonce:
            return intent
    raise IntentGivenUp(f"ring {ring.name} has given up the creation {nonce}")
