"""The feed of revocations in DynamoDB, read with strong consistency."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from keyturn.adapters.aws.attribute_values import decode_item
from keyturn.adapters.aws.errors import aws_errors
from keyturn.adapters.aws.item_version import check_item_version
from keyturn.adapters.revocations.revocation_item import revocations_from_item, target_key
from keyturn.domain.errors import ItemDamaged, StoreUnavailable
from keyturn.domain.revocations.revocation import CUTOFF_KINDS, Target, TargetKind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from keyturn.adapters.aws.dynamodb import DynamoDb
    from keyturn.domain.revocations.revocation import Revocation
    from keyturn.domain.revocations.revocation_snapshot import FeedEntry

_DAY = 86_400
# Seconds: midnight may lie between `now` and the read. A cache whose read began earlier is too old for use.
_AHEAD = 300
_CUTS = tuple(f"{kind}#" for kind in CUTOFF_KINDS)
_OTHERS = tuple(f"{kind}#" for kind in TargetKind if kind not in CUTOFF_KINDS)
_GLOBAL = f"{TargetKind.GLOBAL}#"


class DynamoDbRevocationFeed:
    """Reads new entries of the feed, and one `copy` of the global revocation, so that reads spread over the copies."""

    def __init__(self, dynamodb: DynamoDb, table: str, copy: int) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._global = Target.of(TargetKind.GLOBAL, str(copy))

    def global_revocation(self) -> tuple[int, Revocation | None]:
        """Return service time, in whole seconds and not later than now, and the copy of global, or None.

        Strongly consistent. Raises StoreUnavailable, ItemDamaged.
        """
        request = {"TableName": self._table, "Key": target_key(self._global), "ConsistentRead": True}
        with aws_errors("DynamoDB GetItem of the global revocation"):
            item = self._dynamodb.call("GetItem", request).get("Item")
        now = self._dynamodb.date
        if now is None:
            raise StoreUnavailable("DynamoDB's response has no Date")
        found = [] if item is None else revocations_from_item(decode_item(item), (self._global,))
        return now, found[0] if found else None

    def entries(self, since: int, now: int) -> Iterator[FeedEntry]:
        """Yield all entries written from `since` on, every page of every day; each read is strongly consistent.

        `now` is not later than this read. Raises StoreUnavailable, ItemDamaged: the entries are incomplete then.
        """
        for day in range(since // _DAY, (now + _AHEAD) // _DAY + 1):
            start: dict[str, Any] | None = None
            while True:
                with aws_errors("DynamoDB Query of the revocation feed"):
                    answer = self._dynamodb.call("Query", self._query(day, since, start))
                items = answer.get("Items")
                if not isinstance(items, list):
                    raise StoreUnavailable("DynamoDB Query: a response without Items")
                yield from map(_entry, items)
                start = answer.get("LastEvaluatedKey")
                if not start:
                    break

    def _query(self, day: int, since: int, start: dict[str, Any] | None) -> dict[str, Any]:
        request: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :day AND sk >= :since",
            # The reason and the actor are more than half of an item.
            "ProjectionExpression": "sk, v, #target, not_before",
            "ExpressionAttributeNames": {"#target": "target"},
            "ExpressionAttributeValues": {
                ":day": {"S": time.strftime("feed#%Y-%m-%d", time.gmtime(day * _DAY))},
                ":since": {"S": f"{since * 1_000_000:016d}"},
            },
            "ConsistentRead": True,
        }
        return request | ({"ExclusiveStartKey": start} if start else {})


def _entry(item: dict[str, Any]) -> FeedEntry:
    """Return an item's entry; raises ItemDamaged if its target is unreadable, since it may revoke any token."""
    try:
        target = item["target"]["S"]
        written_at = int(item["sk"]["S"][:10])
        cut = int(item["not_before"]["N"]) if "not_before" in item else None
        # Known versions are compared without decoding the item: 20,000 items are read at once.
        if item["v"]["N"] != "1":
            check_item_version({"v": int(item["v"]["N"])}, "the feed of revocations")
    except (KeyError, TypeError, ValueError) as error:
        raise ItemDamaged(f"the feed of revocations: {type(error).__name__}: {error}") from None
    if target.startswith(_OTHERS) or (cut is not None and target.startswith(_CUTS)) or target.startswith(_GLOBAL):
        return (target, cut, written_at)  # type: ignore[return-value]
    raise ItemDamaged("the feed of revocations: an item lacks its target or its cutoff")
