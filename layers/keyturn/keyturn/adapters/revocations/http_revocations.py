"""Revocations, read without boto3."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.adapters.aws.attribute_values import decode_item
from keyturn.adapters.revocations.revocation_item import revocation_from_item, target_key
from keyturn.domain.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from keyturn.adapters.aws.dynamodb_reads import DynamoDbReads
    from keyturn.domain.revocations.revocation import Revocation, Target

# The first read, and one more for what DynamoDB left unprocessed.
READS = 2


class HttpRevocationReader:
    """A RevocationReader on HTTP without boto3: one strongly consistent BatchGetItem (P8)."""

    def __init__(self, dynamodb: DynamoDbReads, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    def find(self, targets: Iterable[Target]) -> tuple[Revocation, ...]:
        """Return the stored revocations of these targets; raises StoreUnavailable unless all were answered (R47).

        Raises ItemDamaged for an item that this release cannot read: it may be a revocation.
        """
        keys: list[Any] = [target_key(target) for target in dict.fromkeys(targets)]
        items: list[Any] = []
        for _ in range(READS):
            answer = self._read(keys)
            items += [item for table_items in answer["Responses"].values() for item in table_items]
            keys = [key for rest in answer.get("UnprocessedKeys", {}).values() for key in rest["Keys"]]
            if not keys:
                return tuple(revocation_from_item(decode_item(item)) for item in items)
        raise StoreUnavailable(f"DynamoDB BatchGetItem: {len(keys)} keys are unprocessed after {READS} reads")

    def _read(self, keys: list[Any]) -> dict[str, Any]:
        request = {"RequestItems": {self._table: {"Keys": keys, "ConsistentRead": True}}}
        answer = self._dynamodb.call("BatchGetItem", request)
        if not isinstance(answer.get("Responses"), dict):
            # Without Responses the targets may be revoked.
            raise StoreUnavailable("DynamoDB BatchGetItem: an answer without Responses")
        return answer
