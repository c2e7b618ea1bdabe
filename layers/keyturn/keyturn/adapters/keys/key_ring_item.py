"""The one item of a key ring: `pk = ring#<name>`, all keys inside, `version` for the conditional write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.adapters.aws.attribute_values import decode_item
from keyturn.adapters.aws.item_version import ITEM_VERSION, check_item_version
from keyturn.domain.errors import ItemDamaged, KeyRingMissing
from keyturn.domain.keys.key_ring import DEFAULT_RING, RING_NAMES, Compromise, Intent, KeyRing, KeyState, RingKey

if TYPE_CHECKING:
    from typing import Any


def ring_key(name: str) -> dict[str, dict[str, str]]:
    """Return the primary key of the ring's item, as attribute values."""
    return {"pk": {"S": f"ring#{name}"}}


def rings_from_items(items: list[Any]) -> tuple[KeyRing, ...]:
    """Return the rings of items as DynamoDB returns them, the default one first; raises KeyRingMissing, ItemDamaged."""
    found = {item["pk"]["S"].removeprefix("ring#"): item for item in items}
    if DEFAULT_RING not in found:
        raise KeyRingMissing(f"ring {DEFAULT_RING} has no item")
    return tuple(ring_from_item(decode_item(found[name]), name) for name in RING_NAMES if name in found)


def ring_to_item(ring: KeyRing) -> dict[str, Any]:
    """Return the ring's item with plain Python values."""
    return {
        "pk": f"ring#{ring.name}",
        "v": ITEM_VERSION,
        "version": ring.version,
        "keys": [_fields(key) for key in ring.keys],
        "intents": [_fields(intent) for intent in ring.intents],
        "compromises": [_fields(entry) for entry in ring.compromises],
        "longest_lifetime": ring.longest_lifetime,
    }


def _fields(value: RingKey | Intent | Compromise) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__slots__ if getattr(value, name) is not None}


def ring_from_item(item: dict[str, Any], name: str) -> KeyRing:
    """Return the ring of an item with plain Python values; raises ItemDamaged that says what is wrong."""
    what = f"ring {name}"
    check_item_version(item, what)
    try:
        return KeyRing(
            name=name,
            version=_whole(item["version"]),
            keys=[_key(fields) for fields in item["keys"]],
            intents=[Intent(**fields) for fields in item["intents"]],
            compromises=[Compromise(**fields) for fields in item["compromises"]],
            longest_lifetime=_whole(item["longest_lifetime"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        # A KeyError names the missing field, a TypeError the unexpected one; neither holds a secret.
        raise ItemDamaged(f"{what}: {type(error).__name__}: {error}") from None


def _key(fields: dict[str, Any]) -> RingKey:
    key = RingKey(**{**fields, "state": KeyState(fields["state"])})
    if not (isinstance(key.jwk, dict) and key.jwk.get("kid") == key.kid and key.jwk.get("alg") == key.algorithm):
        raise ItemDamaged(f"key {key.kid}: its public JWK belongs to another kid or algorithm")
    _whole(key.published_at)
    return key


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("a number is expected")
    return value
