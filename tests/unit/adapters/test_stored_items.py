"""Items as they are stored, and what a damaged one does."""

from __future__ import annotations

from typing import Any

import pytest

from keyturn.adapters.aws.attribute_values import decode_item, encode_item
from keyturn.adapters.aws.item_version import ITEM_VERSION
from keyturn.adapters.keys.key_ring_item import ring_from_item, ring_to_item, rings_from_items
from keyturn.adapters.revocations.revocation_item import pair_attribute, revocations_from_item, target_key
from keyturn.domain.errors import ItemDamaged, KeyRingMissing
from keyturn.domain.keys.key_ring import Compromise, Intent, KeyRing, KeyState, RingKey
from keyturn.domain.revocations.revocation import Target, TargetKind, pair_target

JWK = {"kid": "a", "kty": "RSA", "alg": "RS256", "use": "sig", "n": "AQ", "e": "AQAB"}
RING = KeyRing(
    name="default",
    version=7,
    keys=[
        RingKey(
            kid="a",
            arn="arn:a",
            algorithm="RS256",
            jwk=JWK,
            state=KeyState.ACTIVE,
            created_at=1,
            published_at=2,
            activated_at=3,
        )
    ],
    intents=[Intent(nonce="n", since=4, algorithm="RS256")],
    compromises=[Compromise(kid="b", at=5, reason="leak", actor="me")],
    longest_lifetime=3600,
)


def stored_ring() -> dict[str, Any]:
    return decode_item(encode_item(ring_to_item(RING)))


def test_a_ring_comes_back_as_it_was_stored() -> None:
    """The conversion to DynamoDB's attribute values and back keeps an item unchanged."""
    ring = ring_from_item(stored_ring(), "default")
    assert (ring.keys, ring.intents, ring.compromises) == (RING.keys, RING.intents, RING.compromises)
    assert (ring.name, ring.version, ring.longest_lifetime) == ("default", 7, 3600)


@pytest.mark.parametrize("version", [ITEM_VERSION, ITEM_VERSION + 1])
def test_this_and_the_next_item_version_are_read(version: int) -> None:
    """Functions are updated one by one: the one that is updated last meets items of the next version."""
    assert ring_from_item(stored_ring() | {"v": version}, "default").version == 7


@pytest.mark.parametrize(
    "damage",
    [
        {"v": ITEM_VERSION - 1},
        {"v": ITEM_VERSION + 2},
        {"v": None},
        {"version": "7"},
        {"version": True},
        {"keys": None},
        {"keys": [{}]},
        {"keys": ["x"]},
        {"keys": [stored_ring()["keys"][0] | {"state": "EXCITED"}]},
        {"keys": [stored_ring()["keys"][0] | {"jwk": JWK | {"kid": "other"}}]},
        {"keys": [stored_ring()["keys"][0] | {"jwk": JWK | {"alg": "ES256"}}]},
        {"keys": [stored_ring()["keys"][0] | {"published_at": "2"}]},
        {"keys": [stored_ring()["keys"][0] | {"unknown": 1}]},
        {"intents": [{"nonce": "n"}]},
        {"compromises": [{"kid": "a", "at": 1, "reason": "leak", "actor": "me"}]},
        {"longest_lifetime": None},
    ],
)
def test_a_damaged_ring_is_refused_and_named(damage: dict[str, Any]) -> None:
    """A ring that was damaged by hand is a clear fault, never a guess."""
    with pytest.raises(ItemDamaged, match=r"ring default|key a"):
        ring_from_item(stored_ring() | damage, "default")


@pytest.mark.parametrize(
    "item",
    [
        {},
        {"pk": "jti#x", "v": 1},
        {"pk": "jti#x", "v": 99, "expires_at": 5},
        {"pk": "nonsense#x", "v": 1, "expires_at": 5},
        {"pk": "jti#", "v": 1, "expires_at": 5},
        {"pk": "sub#x", "v": 1, "expires_at": 5},
        {"pk": "sub#x", "v": 1, "expires_at": 5, "not_before": "soon"},
        {"pk": "sub#x", "v": 1, "expires_at": 5, "not_before": "soon", "pair#web": {"not_before": 4}},
        {"pk": "sub#x", "v": 1, "pair#app": {"not_before": 4}},
        {"pk": "sub#x", "v": 1, "expires_at": 5, "pair#web": {}},
        {"pk": "sub#x", "v": 1, "expires_at": 5, "pair#web": {"not_before": None}},
        {"pk": "sub#x", "v": 1, "expires_at": 5, "pair#web": {"not_before": "soon"}},
        {"pk": "sub#x", "v": 1, "expires_at": 5, "pair#web": None},
        {"pk": "sub#x", "v": 1, "expires_at": 5, "pair#web": 4},
        {"pk": "client#x", "v": 1, "expires_at": 5, "pair#web": {"not_before": 4}},
        {"pk": "global#1", "v": 1, "expires_at": 5, "compromised_kids": 7},
    ],
)
def test_a_damaged_revocation_is_refused_closed(item: dict[str, Any]) -> None:
    """An unreadable item may be a revocation: it is a fault (R47)."""
    with pytest.raises(ItemDamaged):
        revocations_from_item(item, [pair_target("x", "web")])


def test_a_subject_and_its_pairs_are_read_from_one_item() -> None:
    """R47: each cutoff of the item is that of its own target, and other subjects and clients have none there."""
    item = {"pk": "sub#u#1", "v": 1, "expires_at": 9, "not_before": 4, "pair#web": {"not_before": 6, "reason": "lost"}}
    subject, pair = Target.of(TargetKind.SUBJECT, "u#1"), pair_target("u#1", "web")
    others = [
        pair_target("u#1", "app"),
        pair_target("u#1#x", "web"),
        pair_target("v", "web"),
    ]
    found = revocations_from_item(item, [subject, pair, *others])
    assert [(each.target, each.target.kind, each.not_before, each.expires_at) for each in found] == [
        ("sub#u#1", TargetKind.SUBJECT, 4, 9),
        ("pair#u#1#web", TargetKind.PAIR, 6, 9),
    ]
    assert (pair_attribute(pair), pair_attribute(subject)) == ("pair#web", None)
    assert [each.target for each in revocations_from_item(item, [pair])] == [pair]
    assert [each.target for each in revocations_from_item(item, [subject])] == [subject]
    del item["not_before"]
    assert [each.target for each in revocations_from_item(item, [subject, pair])] == [pair]


def test_a_revocation_is_read_with_its_cut_and_its_kids() -> None:
    """A copy of global carries a cutoff, compromised keys, or both."""
    item = {
        "pk": "global#3",
        "sk": "target",
        "v": 1,
        "expires_at": 9,
        "not_before": 4,
        "compromised_kids": frozenset("k"),
    }
    [revocation] = revocations_from_item(item, ["global#3"])
    assert (revocation.target.kind, revocation.target.identifier) == (TargetKind.GLOBAL, "3")
    assert (revocation.expires_at, revocation.not_before) == (9, 4)
    assert revocation.compromised_kids == {"k"}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"N": "1.5"}, "a number is not whole"),
        ({"B": "AA=="}, "an attribute has the type B"),
        ({"NS": ["1"]}, "an attribute has the type NS"),
    ],
)
def test_a_type_that_no_item_of_ours_has_is_damage(value: dict[str, Any], text: str) -> None:
    """A fraction would round a time; bytes and sets of numbers are never stored."""
    with pytest.raises(ItemDamaged, match=f"^{text}$"):
        decode_item({"x": value})


def test_each_type_of_attribute_comes_back() -> None:
    """A value is read as it was stored, at any depth."""
    value = {"text": "x", "number": -7, "yes": True, "no": False, "set": frozenset("ab"), "list": ["x", 1, [True]]}
    item = {**value, "map": {"inner": value}}
    assert decode_item(encode_item(item)) == item
    assert encode_item({"yes": True, "set": frozenset("ba")}) == {"yes": {"BOOL": True}, "set": {"SS": ["a", "b"]}}


def test_an_empty_set_and_none_are_left_out() -> None:
    """DynamoDB knows no empty set, and absent says the same."""
    assert encode_item({"a": None, "b": frozenset(), "c": False}) == {"c": {"BOOL": False}}


def test_a_value_without_an_attribute_type_is_a_mistake_of_ours() -> None:
    """A float never reaches a table."""
    with pytest.raises(TypeError, match=r"^no attribute value for float$"):
        encode_item({"at": 1.5})


def test_an_attribute_of_type_null_is_as_good_as_none() -> None:
    """An operator's NULL is read as an absent value: a needed one is damage, and an optional one is left out."""
    fields = encode_item(ring_to_item(RING))
    with pytest.raises(ItemDamaged, match="ring default"):
        ring_from_item(decode_item(fields | {"version": {"NULL": True}}), "default")
    item: dict[str, Any] = {
        "pk": {"S": "jti#x"},
        "v": {"N": "1"},
        "expires_at": {"N": "5"},
        "not_before": {"NULL": True},
    }
    assert revocations_from_item(decode_item(item), ["jti#x"])[0].not_before is None


def ring_item(name: str) -> dict[str, Any]:
    """Return the item of an empty ring as DynamoDB returns it."""
    return encode_item(ring_to_item(KeyRing(name=name, version=1, keys=(), longest_lifetime=3600)))


def test_the_rings_of_a_stack_are_those_of_its_items_the_default_one_first() -> None:
    """R52: rings come in one order whatever the order of the answer, and items of other names are left out."""
    names = ["ES256", "another", "default", "RS256"]
    rings = rings_from_items([ring_item(name) for name in names])
    assert [(ring.name, ring.version, ring.longest_lifetime) for ring in rings] == [
        ("default", 1, 3600),
        ("RS256", 1, 3600),
        ("ES256", 1, 3600),
    ]
    assert [item["pk"] for item in map(ring_item, names)] == [{"S": f"ring#{name}"} for name in names]


@pytest.mark.parametrize("names", [[], ["RS256"]])
def test_rings_without_the_default_one_are_missing(names: list[str]) -> None:
    """Only the custom resource creates the default ring: without it the stack is not set up."""
    with pytest.raises(KeyRingMissing, match=r"^ring default has no item$"):
        rings_from_items([ring_item(name) for name in names])


def test_an_intent_comes_back_with_the_key_that_kms_created() -> None:
    """A crash after KMS's answer loses neither the ARN nor the public key of the new key (I4)."""
    intent = Intent(nonce="n", since=4, algorithm="RS256", arn="arn:n", jwk=JWK)
    ring = ring_from_item(decode_item(encode_item(ring_to_item(RING.replace(intents=(intent,))))), "default")
    [found] = ring.intents
    assert (found.nonce, found.since, found.algorithm, found.arn, found.jwk) == ("n", 4, "RS256", "arn:n", JWK)


@pytest.mark.parametrize(
    ("damage", "text"),
    [
        ({"v": 7}, "item version 7 is not one that this release reads"),
        ({"version": "7"}, "TypeError: a number is expected"),
        ({"longest_lifetime": True}, "TypeError: a number is expected"),
        ({"intents": [{"nonce": "n", "since": 4}]}, "TypeError: Intent.*missing 1 required .*argument: 'algorithm'"),
        ({"keys": [stored_ring()["keys"][0] | {"state": "EXCITED"}]}, "ValueError: 'EXCITED' is not a valid KeyState"),
    ],
)
def test_a_damaged_field_of_a_ring_is_named(damage: dict[str, Any], text: str) -> None:
    """An operator reads which ring is damaged, and in which way."""
    with pytest.raises(ItemDamaged, match=rf"^ring default: {text}$"):
        ring_from_item(stored_ring() | damage, "default")


@pytest.mark.parametrize(
    "target",
    [Target.of(kind, "x#y") for kind in TargetKind if kind is not TargetKind.PAIR],
)
def test_an_item_is_read_as_the_revocation_of_its_target(target: Target) -> None:
    """R47: a subject may have the separator of a key, which begins with the kind alone."""
    key = decode_item(target_key(target))
    assert key == {"pk": target.key, "sk": "target"}
    assert revocations_from_item({**key, "v": 1, "expires_at": 5, "not_before": 4}, [target])[0].target == target


@pytest.mark.parametrize(
    ("item", "text"),
    [
        ({"v": 99}, "item version 99 is not one that this release reads"),
        ({"v": 1}, "KeyError: 'expires_at'"),
        ({"v": 1, "expires_at": "soon"}, "ValueError: invalid literal .*'soon'"),
    ],
)
def test_a_damaged_revocation_is_named(item: dict[str, Any], text: str) -> None:
    """An operator reads which item is damaged, and in which way."""
    with pytest.raises(ItemDamaged, match=rf"^revocation jti#x: {text}$"):
        revocations_from_item({"pk": "jti#x", **item}, ["jti#x"])
