"""The effect of each transition on a ring."""

from __future__ import annotations

import pytest

from keyturn.domain.keys import key_transition as transition
from keyturn.domain.keys.key_ring import Compromise, Intent, KeyRing, KeyState, RingKey, to_jwks
from keyturn.domain.keys.key_transition import IntentGivenUp
from keyturn.domain.keys.rotation_refusal import UnknownKey

T = 1_790_000_000


def key(kid: str, state: KeyState) -> RingKey:
    """Return a key."""
    jwk = {"kid": kid, "alg": "ES256"}
    return RingKey(
        kid=kid, arn=f"arn:{kid}", algorithm="ES256", jwk=jwk, state=state, created_at=T - 9, published_at=T - 9
    )


def ring(*keys: RingKey, intents: tuple[Intent, ...] = (), compromises: tuple[Compromise, ...] = ()) -> KeyRing:
    """Return a ring."""
    return KeyRing(name="default", version=1, keys=keys, intents=intents, compromises=compromises, longest_lifetime=600)


A = key("a", KeyState.ACTIVE)
S = key("s", KeyState.PRE_ACTIVATION)
ENTRY = Compromise(kid="a", at=T, reason="laptop lost", actor="ann")
MADE = Intent(nonce="n", since=T - 5, algorithm="ES256", arn="arn:n", jwk={"kid": "kn", "alg": "ES256"})


def test_compromise_of_the_active_key_promotes_the_standby_at_the_same_instant() -> None:
    """The active key is out, the standby signs, and the log says why, in one value (I3, I8)."""
    changed = transition.compromise(ring(A, S), ENTRY)
    assert changed.active().kid == "s"
    assert changed.active().activated_at == T
    stolen = changed.find("a")
    assert stolen is not None
    assert (stolen.state, stolen.compromised_at) == (KeyState.COMPROMISED, T)
    assert changed.compromises == (ENTRY,)
    assert [each["kid"] for each in to_jwks([changed])["keys"]] == ["s"]


def test_compromise_of_the_standby_leaves_the_active_key() -> None:
    """A compromised standby leaves, and what signs goes on."""
    changed = transition.compromise(ring(A, S), Compromise(kid="s", at=T, reason="r", actor="o"))
    assert changed.active() == A
    assert [each["kid"] for each in to_jwks([changed])["keys"]] == ["a"]


def test_compromise_of_a_deactivated_key_promotes_nothing() -> None:
    """A compromised key that only verified leaves, and neither what signs nor the standby changes."""
    old = key("o", KeyState.DEACTIVATED)
    changed = transition.compromise(ring(A, S, old), Compromise(kid="o", at=T, reason="r", actor="o"))
    assert [changed.find("a"), changed.find("s")] == [A, S]
    assert [each["kid"] for each in to_jwks([changed])["keys"]] == ["a", "s"]


def test_compromise_without_a_standby_leaves_nothing_that_signs() -> None:
    """Without a standby the compromised key is still out."""
    changed = transition.compromise(ring(A), ENTRY)
    assert transition.active_key(changed) is None
    assert to_jwks([changed]) == {"keys": []}


def test_second_compromise_of_a_key_changes_nothing() -> None:
    """A compromise is final: the first entry of the log stays, even if the key is forgotten (I8)."""
    once = transition.compromise(ring(A, S), ENTRY)
    again = Compromise(kid="a", at=T + 5, reason="again", actor="bob")
    assert transition.compromise(once, again) is once
    forgotten = transition.forget(once, "a")
    assert transition.compromise(forgotten, again) is forgotten


def test_compromise_of_an_unknown_key_is_refused() -> None:
    """A kid that the ring does not have is named in the refusal."""
    with pytest.raises(UnknownKey, match="no key zzz"):
        transition.compromise(ring(A), Compromise(kid="zzz", at=T, reason="r", actor="o"))


def test_a_published_key_is_a_standby() -> None:
    """Publishing makes no key sign (I1)."""
    published = transition.publish(ring(A, intents=(MADE,)), "n", T)
    standby = transition.standby_key(published)
    assert standby is not None
    assert (standby.kid, standby.published_at, standby.activated_at) == ("kn", T, None)
    assert published.intents == ()


def test_a_deactivated_key_only_verifies_and_none_signs() -> None:
    """A ring that is not in use any more keeps its keys for the tokens that are out (I2)."""
    changed = transition.deactivate(ring(A), "a", T)
    assert transition.active_key(changed) is None
    assert [(key.kid, key.state, key.deactivated_at) for key in changed.published()] == [("a", KeyState.DEACTIVATED, T)]


def test_key_of_an_intent_that_was_given_up_is_not_published() -> None:
    """A late run can neither record nor publish its key (I4)."""
    with pytest.raises(IntentGivenUp):
        transition.record_key(ring(A), "n", arn="arn:n", jwk={})
    with pytest.raises(IntentGivenUp):
        transition.publish(ring(A), "n", T)
    with pytest.raises(IntentGivenUp):
        transition.publish(ring(A, intents=(Intent(nonce="n", since=T, algorithm="ES256"),)), "n", T)


def test_abandoned_keys_are_destroyed_and_never_published() -> None:
    """Each key that KMS created for an abandoned intent is destroyed, to be disabled and deleted (I4, I6)."""
    changed = transition.abandon_intent(ring(A, intents=(MADE,)), "n", ("arn:key/1", "arn:n"), T)
    assert changed.intents == ()
    destroyed = [each for each in changed.keys if each.state is KeyState.DESTROYED]
    assert [(each.arn, each.kid, each.destroyed_at) for each in destroyed] == [
        ("arn:n", "kn", T),
        ("arn:key/1", "abandoned-1", T),
    ]
    assert [each["kid"] for each in to_jwks([changed])["keys"]] == ["a"]


def test_abandoning_spares_a_key_that_the_ring_has() -> None:
    """A key that is in the ring already is not destroyed by an intent that names it as well."""
    changed = transition.abandon_intent(ring(A, intents=(MADE,)), "n", (A.arn,), T)
    assert changed.find("a") == A


def test_longest_lifetime_never_shrinks() -> None:
    """The ring remembers the longest lifetime ever (I2)."""
    assert transition.raise_longest_lifetime(ring(A), 3600).longest_lifetime == 3600
    assert transition.raise_longest_lifetime(ring(A), 10).longest_lifetime == 600


def test_recent_emergencies_are_found_by_time() -> None:
    """Only the kids of emergencies from the given second on are returned."""
    old = Compromise(kid="old", at=T - 1, reason="r", actor="o")
    assert transition.compromised_since(ring(compromises=(old, ENTRY)), T) == ("a",)
