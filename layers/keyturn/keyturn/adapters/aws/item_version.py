"""The version that every item has, since functions are updated one by one.

A reader accepts the next version: the next release may write it while this one still runs. It also accepts every
version that is still stored, since items are never rewritten. It refuses every other version.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.domain.errors import ItemDamaged

if TYPE_CHECKING:
    from typing import Any

ITEM_VERSION = 1
# Earlier versions stay in this set as long as such items are stored.
_READABLE = range(1, ITEM_VERSION + 2)


def check_item_version(item: dict[str, Any], what: str) -> None:
    """Raise ItemDamaged unless the item's `v` is one that this release reads."""
    if item.get("v") not in _READABLE:
        raise ItemDamaged(f"{what}: item version {item.get('v')!r} is not one that this release reads")
