"""The items of the revocation table: target items for strict readers, feed items for snapshots.

Target: `pk = jti#…|gid#…|sid#…|sub#…|client#…|pair#<sub>#<client id>|global#<copy>`, `sk = target`. Feed:
`pk = feed#<UTC day>`, `sk = <service time in µs, 16 digits>#<id>`. `expires_at` is the table's TTL attribute, for
garbage collection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.adapters.aws.item_version import check_item_version
from keyturn.domain.errors import ItemDamaged
from keyturn.domain.revocations.revocation import Revocation, Target, TargetKind

if TYPE_CHECKING:
    from typing import Any

TARGET_SORT_KEY = "target"


def target_key(target: str) -> dict[str, dict[str, str]]:
    """Return the primary key of a target's item, as attribute values."""
    return {"pk": {"S": str(target)}, "sk": {"S": TARGET_SORT_KEY}}


def revocation_from_item(item: dict[str, Any]) -> Revocation:
    """Return the revocation of a target item with plain Python values; raises ItemDamaged."""
    key = item.get("pk")
    what = f"revocation {key}"
    check_item_version(item, what)
    try:
        kind, _, identifier = item["pk"].partition("#")
        return Revocation(
            Target.of(TargetKind(kind), identifier),
            expires_at=int(item["expires_at"]),
            not_before=None if item.get("not_before") is None else int(item["not_before"]),
            compromised_kids=item.get("compromised_kids", ()),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ItemDamaged(f"{what}: {type(error).__name__}: {error}") from None
