"""The items of the revocation table: target items for strict readers, feed items for snapshots.

Target: `pk = jti#…|gid#…|sid#…|sub#…|client#…|global#<copy>`, `sk = target`. The item of a subject also holds the
cutoffs of its pairs: one attribute `pair#<client id>` for each, a map with `not_before`. Feed: `pk = feed#<UTC day>`,
`sk = <service time in µs, 16 digits>#<id>`. `expires_at` is the table's TTL attribute, for garbage collection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.adapters.aws.item_version import check_item_version
from keyturn.domain.errors import ItemDamaged
from keyturn.domain.revocations.revocation import Revocation, Target, TargetKind

if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Any

TARGET_SORT_KEY = "target"
_PAIR = f"{TargetKind.PAIR}#"
_SUBJECT = f"{TargetKind.SUBJECT}#"


def item_name(target: str) -> str:
    """Return the partition key of the item that holds a target's revocation: the subject's item holds its pairs."""
    if target.startswith(_PAIR):
        return _SUBJECT + target.removeprefix(_PAIR).rpartition("#")[0]
    return str(target)


def pair_attribute(target: str) -> str | None:
    """Return the attribute of the subject's item that holds a pair, or None for any other kind."""
    return _PAIR + target.rpartition("#")[2] if target.startswith(_PAIR) else None


def target_key(target: str) -> dict[str, dict[str, str]]:
    """Return the primary key of the item that holds a target's revocation, as attribute values."""
    return {"pk": {"S": item_name(target)}, "sk": {"S": TARGET_SORT_KEY}}


def revocations_from_item(item: dict[str, Any], wanted: Collection[str]) -> list[Revocation]:
    """Return the revocations of the wanted targets in an item with plain Python values; raises ItemDamaged."""
    what = f"revocation {item.get('pk')}"
    check_item_version(item, what)
    try:
        key, expires_at = item["pk"], int(item["expires_at"])
        own = _own_revocation(item)
        found = [own] if own is not None and key in wanted else []
        for target in wanted:
            name = pair_attribute(target)
            if name in item and item_name(target) == key:
                # The item expires with its latest cutoff. An earlier one then outlives the last token that it refuses.
                cutoff = int(item[name]["not_before"])
                found.append(Revocation(Target(target), expires_at=expires_at, not_before=cutoff))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ItemDamaged(f"{what}: {type(error).__name__}: {error}") from None
    return found


def _own_revocation(item: dict[str, Any]) -> Revocation | None:
    """Return the revocation of the item's own target, or None for a subject of which pairs alone are revoked."""
    kind, _, identifier = item["pk"].partition("#")
    target, not_before = Target.of(TargetKind(kind), identifier), item.get("not_before")
    if not_before is None and kind == TargetKind.SUBJECT and any(name.startswith(_PAIR) for name in item):
        return None
    return Revocation(
        target,
        expires_at=int(item["expires_at"]),
        not_before=None if not_before is None else int(not_before),
        compromised_kids=item.get("compromised_kids", ()),
    )
