"""The item of an operator's decisions about a user: `u#<sub>` in a table of its own."""

from __future__ import annotations

from typing import Any

from keyturn.adapters.aws.item_fields import mapping, optional_whole, reading, text, whole
from keyturn.adapters.aws.item_version import ITEM_VERSION
from keyturn.domain.users.authority import Authority, Status

AUTHORITY_PREFIX = "u#"


def authority_key(subject: str) -> dict[str, dict[str, str]]:
    """Return the primary key of the item, as attribute values."""
    return {"pk": {"S": f"{AUTHORITY_PREFIX}{subject}"}}


def authority_to_item(authority: Authority) -> dict[str, Any]:
    """Return the item with plain Python values."""
    return {
        "pk": f"{AUTHORITY_PREFIX}{authority.subject}",
        "v": ITEM_VERSION,
        "status": authority.status.value,
        "claims": dict(authority.claims),
        "erased_at": authority.erased_at,
        "revision": authority.revision,
    }


def authority_from_item(item: dict[str, Any]) -> Authority:
    """Return the authority of an item with plain Python values; raises ItemDamaged."""
    with reading(item, f"authority item {item.get('pk')}"):
        return Authority(
            subject=text(item, "pk").removeprefix(AUTHORITY_PREFIX),
            status=Status(text(item, "status")),
            claims=mapping(item, "claims"),
            erased_at=optional_whole(item, "erased_at"),
            revision=whole(item, "revision"),
        )
