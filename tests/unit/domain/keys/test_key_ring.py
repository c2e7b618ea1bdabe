"""The rules that every stored key ring satisfies."""

from __future__ import annotations

from typing import Any

import pytest

from keyturn.domain.errors import ItemDamaged, NoActiveKey
from keyturn.domain.keys.key_ring import Compromise, Intent, KeyRing, KeyState, RingKey, to_jwks


def make_key(kid: str, state: KeyState, **changes: Any) -> RingKey:
    fields: dict[str, Any] = {
        "kid": kid,
        "arn": f"arn:{kid}",
        "algorithm": "RS256",
        "jwk": {"kid": kid, "kty": "RSA", "alg": "RS256", "use": "sig", "n": "AQ", "e": "AQAB"},
        "state": state,
        "created_at": 1,
        "published_at": 2,
    }
    return RingKey(**fields | changes)


def make_ring(*keys: RingKey, **changes: Any) -> KeyRing:
    fields: dict[str, Any] = {"name": "default", "version": 1, "keys": keys, "longest_lifetime": 3600}
    return KeyRing(**fields | changes)


def test_the_jwks_has_the_active_key_first_and_no_key_that_is_out() -> None:
    """Active, standby, then those that only verify; destroyed and compromised keys are not there (R52, I6)."""
    ring = make_ring(
        make_key("gone", KeyState.DESTROYED),
        make_key("old", KeyState.DEACTIVATED),
        make_key("standby", KeyState.PRE_ACTIVATION),
        make_key("bad", KeyState.COMPROMISED),
        make_key("now", KeyState.ACTIVE),
    )
    assert [jwk["kid"] for jwk in to_jwks([ring])["keys"]] == ["now", "standby", "old"]


def test_two_active_keys_are_damage() -> None:
    """A ring with two active keys is never served (I3)."""
    with pytest.raises(ItemDamaged, match="more than one key is active"):
        make_ring(make_key("a", KeyState.ACTIVE), make_key("b", KeyState.ACTIVE))


def test_a_kid_that_is_there_twice_is_damage() -> None:
    """A kid names one key (I9)."""
    with pytest.raises(ItemDamaged, match="a kid occurs twice"):
        make_ring(make_key("a", KeyState.ACTIVE), make_key("a", KeyState.DESTROYED))


@pytest.mark.parametrize("state", [KeyState.PRE_ACTIVATION, KeyState.ACTIVE, KeyState.DEACTIVATED])
def test_a_compromised_key_that_is_published_is_damage(state: KeyState) -> None:
    """An emergency is final, even in a ring that was edited by hand (I8)."""
    with pytest.raises(ItemDamaged, match="a compromised key is published"):
        make_ring(make_key("a", state), compromises=[Compromise(kid="a", at=1, reason="leak", actor="me")])


def test_a_ring_without_an_active_key_says_so() -> None:
    """Before the first key is active nobody signs."""
    with pytest.raises(NoActiveKey, match=r"^ring default has no active key$"):
        make_ring(make_key("a", KeyState.PRE_ACTIVATION)).active()


def test_the_active_key_signs_wherever_it_stands() -> None:
    """The key that signs is the active one, whatever else the ring holds."""
    keys = [make_key(str(state), state) for state in KeyState]
    assert make_ring(*keys).active().kid == make_ring(*reversed(keys)).active().kid == "ACTIVE"


@pytest.mark.parametrize("state", KeyState)
def test_a_key_is_found_by_its_kid_in_any_state(state: KeyState) -> None:
    """A kid names its key also after the key has left the JWKS."""
    key = make_key("b", state)
    ring = make_ring(make_key("a", KeyState.DESTROYED), key)
    assert ring.find("b") is key
    assert ring.find("c") is None


def test_the_text_of_a_key_has_its_kid_and_its_state() -> None:
    """A failed comparison names the key and the intent, without pages of JWKs."""
    assert repr(make_key("a", KeyState.ACTIVE)) == "RingKey('a', ACTIVE)"
    assert repr(Intent(nonce="n", since=4, algorithm="RS256", arn="arn:n")) == "Intent('n', since=4, arn='arn:n')"


def test_a_changed_ring_keeps_all_other_fields() -> None:
    """A transition changes the named fields, and replaces a key in its place."""
    keys = [make_key(kid, KeyState.DEACTIVATED) for kid in "abc"]
    entry = Compromise(kid="x", at=1, reason="leak", actor="me")
    intent = Intent(nonce="n", since=4, algorithm="RS256")
    ring = make_ring(*keys, version=7, intents=[intent], compromises=[entry])
    changed = ring.with_key(keys[1].replace(state=KeyState.DESTROYED, destroyed_at=9))
    assert [(key.kid, key.state) for key in changed.keys] == [
        ("a", "DEACTIVATED"),
        ("b", "DESTROYED"),
        ("c", "DEACTIVATED"),
    ]
    assert changed.keys[1] == make_key("b", KeyState.DESTROYED, destroyed_at=9)
    assert ring.keys == tuple(keys)
    assert (changed.name, changed.version, changed.longest_lifetime) == ("default", 7, 3600)
    assert (changed.intents, changed.compromises) == ((intent,), (entry,))


@pytest.mark.parametrize("field", RingKey.__slots__)
def test_keys_that_differ_in_one_field_differ(field: str) -> None:
    """Two keys are equal only by all their fields."""
    key = make_key("a", KeyState.ACTIVE)
    assert key == make_key("a", KeyState.ACTIVE)
    assert key != key.replace(**{field: "other"})
