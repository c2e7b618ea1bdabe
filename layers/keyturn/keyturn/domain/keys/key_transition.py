"""The life cycle of signing keys: a state machine whose transitions are pure functions from one ring to the next.

The states are those of NIST SP 800-57 part 1 §7. `key_rotation` decides when a transition is due, and `rotation_policy`
has the durations. The rotator stores each result as one write, conditional on the version that it read. The transitions
and their conditions:

- intent → PRE_ACTIVATION: KMS created the key, its self-test succeeded, and the JWKS has a free place.
- PRE_ACTIVATION → ACTIVE: the key was published for the lead, the active key's period is over, and the JWKS has a free
  place. A change of the algorithm or the size ends the period. If the active key was compromised, or KMS refuses to
  sign with it, the standby is promoted at once.
- ACTIVE → DEACTIVATED: in the write that promotes its successor, or when the ring goes out of use.
- DEACTIVATED → DESTROYED: the retention after `deactivated_at` is over.
- PRE_ACTIVATION → DESTROYED: KMS refuses to sign with the key, or the ring is out of use. A key that does not fit the
  policy any more is destroyed when its replacement was published for the lead.
- intent → DESTROYED: the intent timed out, or its key is not needed any more.
- any state → COMPROMISED: an operator declares an emergency. The same write promotes the standby.
- DESTROYED, COMPROMISED → removed: KMS disabled the key, then its deletion was scheduled, then its date has passed.

In the steady state a ring has a standby that was published for the lead: an emergency needs no wait. The invariants:

- I1: a key signs only after it was published for the lead, so that every verifier's cache has it. Exceptions: the first
  key of a stack, and the successor of a key that cannot sign any more.
- I2: a key stays published until its last token has expired. That takes a ring write, the greatest age of a ring
  cache, the longest lifetime ever configured and the leeway.
- I3: a stored ring has at most one active key. After the first promotion it has exactly one.
- I4: an intent is stored before KMS creates a key. After a crash anywhere, the next run completes or abandons it.
- I5: two concurrent runs have the effect of one.
- I6: a key is disabled only after it left the JWKS, and deleted only after it was disabled.
- I7: times are service time. A run whose clock differs from it by more than five minutes changes nothing. A run that is
  days late is harmless.
- I8: a compromise is final. One transaction writes it to the ring and to each copy of `global`. Every authorizer
  refuses the key within the revocation bound. Refresh tokens stay valid.
- I9: a kid is an RFC 7638 thumbprint and is never used again. The JWKS has public members and known algorithms alone.
  The policy limits its keys of each ring, and it has at most ten keys in all.
- I10: the issuer refuses to sign by a ring cache that is older than the policy allows. It refuses keys that were not
  self-tested.
- I11: the max-age of the JWKS is at most half the lead. The JWKS is never empty: on a fault the last one is served.
- I12: an active key older than 1.25 periods raises an alarm. A failing rotator does not affect signing.

`now` is the late end of service time in whole seconds: a wait that starts at it is never too short.
"""

from __future__ import annotations

from keyturn.domain.errors import KeyturnError
from keyturn.domain.keys.key_ring import Compromise, Intent, KeyRing, KeyState, RingKey
from keyturn.domain.keys.rotation_refusal import UnknownKey


class IntentGivenUp(KeyturnError):
    """Another run has abandoned this intent: a key that KMS created for it must not be published."""


def active_key(ring: KeyRing) -> RingKey | None:
    """Return the key that signs, or None."""
    return next((key for key in ring.keys if key.state is KeyState.ACTIVE), None)


def standby_key(ring: KeyRing) -> RingKey | None:
    """Return the standby that has been published longest, or None."""
    waiting = (key for key in ring.keys if key.state is KeyState.PRE_ACTIVATION)
    return min(waiting, key=lambda key: key.published_at, default=None)


def open_intent(ring: KeyRing, *, nonce: str, algorithm: str, now: int) -> KeyRing:
    """Return the ring with a new intent, which is stored before the call to KMS (invariant I4)."""
    return ring.replace(intents=(*ring.intents, Intent(nonce=nonce, since=now, algorithm=algorithm)))


def record_key(ring: KeyRing, nonce: str, *, arn: str, jwk: dict[str, str]) -> KeyRing:
    """Return the ring with the created key's ARN and JWK in the intent; raises IntentGivenUp."""
    intent = find_intent(ring, nonce)
    answered = Intent(nonce=nonce, since=intent.since, algorithm=intent.algorithm, arn=arn, jwk=jwk)
    return ring.replace(intents=tuple(answered if each.nonce == nonce else each for each in ring.intents))


def publish(ring: KeyRing, nonce: str, now: int) -> KeyRing:
    """Return the ring with the intent's key in the JWKS, as a standby; raises IntentGivenUp."""
    intent = find_intent(ring, nonce)
    if intent.arn is None or intent.jwk is None:
        raise IntentGivenUp(f"the intent {nonce} has no key to publish")
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
    """Return the ring without the intent, and with the keys that KMS created for it (their ARNs) as destroyed keys.

    They are disabled and deleted as any other. The ring is written before the keys are disabled: a late run then
    cannot publish such a key, nor lose one that it has published. Raises IntentGivenUp.
    """
    intent = find_intent(ring, nonce)
    arns = {arn: None for arn in (intent.arn, *found) if arn and all(key.arn != arn for key in ring.keys)}
    return drop_intent(ring, nonce).replace(keys=(*ring.keys, *(_abandoned(intent, arn, now) for arn in arns)))


def _abandoned(intent: Intent, arn: str, now: int) -> RingKey:
    # A key that was never recorded is named without a thumbprint, since it stays out of the JWKS.
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
    """Return the ring in which this key is active and the one before is deactivated (invariant I3)."""
    active = active_key(ring)
    if active is not None:
        ring = ring.with_key(active.replace(state=KeyState.DEACTIVATED, deactivated_at=now))
    return ring.with_key(find_key(ring, kid).replace(state=KeyState.ACTIVE, activated_at=now))


def deactivate(ring: KeyRing, kid: str, now: int) -> KeyRing:
    """Return the ring in which this key only verifies, for a ring that is not in use any more."""
    return ring.with_key(find_key(ring, kid).replace(state=KeyState.DEACTIVATED, deactivated_at=now))


def destroy(ring: KeyRing, kid: str, now: int) -> KeyRing:
    """Return the ring in which this key has left the JWKS."""
    return ring.with_key(find_key(ring, kid).replace(state=KeyState.DESTROYED, destroyed_at=now))


def mark_disabled(ring: KeyRing, kid: str, now: int) -> KeyRing:
    """Return the ring that records that KMS has disabled this key."""
    return ring.with_key(find_key(ring, kid).replace(disabled_at=now))


def mark_deletion(ring: KeyRing, kid: str, deletion_at: int) -> KeyRing:
    """Return the ring that records when KMS deletes this key."""
    return ring.with_key(find_key(ring, kid).replace(deletion_at=deletion_at))


def forget(ring: KeyRing, kid: str) -> KeyRing:
    """Return the ring without this key; the emergency log keeps its kid."""
    return ring.replace(keys=tuple(key for key in ring.keys if key.kid != kid))


def raise_longest_lifetime(ring: KeyRing, lifetime: int) -> KeyRing:
    """Return the ring that records this token lifetime, in seconds, if it is the longest so far (invariant I2)."""
    return ring.replace(longest_lifetime=max(ring.longest_lifetime, lifetime))


def compromise(ring: KeyRing, entry: Compromise) -> KeyRing:
    """Return the ring in which that key is compromised forever (invariant I8) and the standby signs in its place.

    The standby is promoted at any age: the only other choice is to sign nothing. The ring stays the same if the key
    was compromised before. Raises UnknownKey.
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
    """Return the kids that were compromised at this time or later."""
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
