"""Readers of an item's attributes, one for each type: a damaged item raises an error, and no value is guessed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from keyturn.adapters.aws.item_version import check_item_version
from keyturn.domain.errors import ItemDamaged

if TYPE_CHECKING:
    from typing import Any


@contextmanager
def reading(item: dict[str, Any], what: str) -> Iterator[None]:
    """Raise ItemDamaged for an unknown version, a missing attribute, one of another type, or a broken domain rule.

    The message names the item and the kind of damage alone: a value may be an email address or a name.
    """
    check_item_version(item, what)
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ItemDamaged(f"{what}: {type(error).__name__}") from None


def text(item: dict[str, Any], name: str) -> str:
    """Return the attribute, which must be a string."""
    value = item[name]
    if not isinstance(value, str):
        raise TypeError(name)
    return value


def optional_text(item: dict[str, Any], name: str) -> str | None:
    """Return the attribute, which must be a string, or None where it is absent."""
    return text(item, name) if name in item else None


def whole(item: dict[str, Any], name: str) -> int:
    """Return the attribute, which must be a whole number."""
    value = item[name]
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(name)
    return value


def optional_whole(item: dict[str, Any], name: str) -> int | None:
    """Return the attribute, which must be a whole number, or None where it is absent."""
    return whole(item, name) if name in item else None


def texts(item: dict[str, Any], name: str) -> frozenset[str]:
    """Return the string set; an absent attribute is an empty set, which DynamoDB cannot store."""
    value = item.get(name, frozenset())
    if not isinstance(value, frozenset):
        raise TypeError(name)
    return value


def text_list(item: dict[str, Any], name: str) -> tuple[str, ...]:
    """Return the attribute, which must be a list of strings."""
    value = item[name]
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise TypeError(name)
    return tuple(value)


def mapping(item: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the attribute, which must be a map."""
    value = item[name]
    if not isinstance(value, dict):
        raise TypeError(name)
    return value


def flag(item: dict[str, Any], name: str) -> bool:
    """Return the attribute, which must be a boolean; absent means False."""
    value = item.get(name, False)
    if not isinstance(value, bool):
        raise TypeError(name)
    return value
