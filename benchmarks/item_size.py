"""How large DynamoDB takes an item to be.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
"""

from __future__ import annotations

from typing import Any


def item_bytes(item: dict[str, dict[str, Any]]) -> int:
    """Return the size of an item of attribute values: of each attribute, the name and the value in UTF-8."""
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def _value_bytes(value: dict[str, Any]) -> int:
    [(kind, content)] = value.items()
    if kind == "S":
        return len(content.encode())
    if kind == "N":
        return (len(content.lstrip("-").strip("0")) + 1) // 2 + 1  # a byte for two significant digits, and one
    if kind == "SS":
        return sum(len(each.encode()) for each in content)
    if kind == "L":
        return 3 + sum(1 + _value_bytes(each) for each in content)
    if kind == "M":
        return 3 + len(content) + item_bytes(content)
    return 1  # BOOL and NULL
