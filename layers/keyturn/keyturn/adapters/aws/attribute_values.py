"""DynamoDB's attribute values to Python values and back: strings, whole numbers, booleans, lists, maps, string sets.

The boto3 adapters and the HTTP readers share it, so that both read an item in the same way. All stored numbers are
whole: a float would round a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.domain.errors import ItemDamaged

if TYPE_CHECKING:
    from typing import Any


def decode_item(item: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return the item with plain Python values; raises ItemDamaged for a type that Keyturn does not store."""
    return {name: _decode(value) for name, value in item.items()}


def _decode(value: dict[str, Any]) -> Any:
    [(kind, content)] = value.items()
    if kind in ("S", "BOOL"):
        return content
    if kind == "N":
        try:
            return int(content)
        except ValueError:
            raise ItemDamaged("a number is not whole") from None
    if kind == "M":
        return decode_item(content)
    if kind == "L":
        return [_decode(each) for each in content]
    if kind == "SS":
        return frozenset(content)
    if kind == "NULL":
        return None
    raise ItemDamaged(f"an attribute has the type {kind}")


def encode_item(item: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the item as attribute values without None and empty sets: readers take an absent attribute for them."""
    return {name: _encode(value) for name, value in item.items() if value is not None and value != frozenset()}


def _encode(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, int):
        return {"N": str(value)}
    if isinstance(value, dict):
        return {"M": encode_item(value)}
    if isinstance(value, frozenset):
        return {"SS": sorted(value)}
    if isinstance(value, (list, tuple)):
        return {"L": [_encode(each) for each in value]}
    raise TypeError(f"no attribute value for {type(value).__name__}")
