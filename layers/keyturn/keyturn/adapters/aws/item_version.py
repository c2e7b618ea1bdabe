"""The version that every item carries, since functions are updated one by one.

A reader takes the next version, which a release may write while this one still runs, and every version that is stored
still, as nothing rewrites items; any other is refused closed, never guessed at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.domain.errors import ItemDamaged

if TYPE_CHECKING:
    from typing import Any

ITEM_VERSION = 1
# What was written before stays here until an upgrade has rewritten it.
_READABLE = range(1, ITEM_VERSION + 2)


def check_item_version(item: dict[str, Any], what: str) -> None:
    """Raise ItemDamaged unless the item's `v` is one that this release reads."""
    if item.get("v") not in _READABLE:
        raise ItemDamaged(f"{what}: item version {item.get('v')!r} is not one that this release reads")
