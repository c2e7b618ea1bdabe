"""The version that every item carries, since functions are updated one by one.

A reader takes its own version and the next one; what is older or newer is refused closed, never guessed at.
"""

from __future__ import annotations

from keyturn.domain.errors import ItemDamaged

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ITEM_VERSION = 1


def check_item_version(item: dict[str, Any], what: str) -> None:
    """Raise ItemDamaged unless the item's `v` is one that this release reads."""
    if item.get("v") not in (ITEM_VERSION, ITEM_VERSION + 1):
        raise ItemDamaged(f"{what}: item version {item.get('v')!r} is not one that this release reads")
