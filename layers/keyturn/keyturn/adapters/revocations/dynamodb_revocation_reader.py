"""Revocations in DynamoDB, read with strong consistency."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.adapters.aws.attribute_values import decode_item
from keyturn.adapters.aws.errors import aws_errors
from keyturn.adapters.revocations.revocation_item import item_name, revocations_from_item, target_key
from keyturn.domain.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Any

    from mypy_boto3_dynamodb import DynamoDBClient

    from keyturn.adapters.aws.dynamodb import DynamoDb
    from keyturn.domain.revocations.revocation import Revocation

# The first read, and one more for what DynamoDB left unprocessed.
READS = 2


class DynamoDbRevocationReader:
    """A RevocationReader that reads DynamoDB at each call: one BatchGetItem."""

    def __init__(self, dynamodb: DynamoDBClient | DynamoDb, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    def find(self, targets: Collection[str]) -> tuple[Revocation, ...]:
        """Return the stored revocations of these targets; raises StoreUnavailable unless all were read.

        Raises ItemDamaged for an item that this release cannot read: it may be a revocation.
        """
        # A subject and its pairs share an item, and BatchGetItem refuses a key that is there twice.
        keys: list[Any] = [target_key(name) for name in dict.fromkeys(map(item_name, targets))]
        items: list[Any] = []
        for _ in range(READS if keys else 0):
            answer = self._read(keys)
            items += answer["Responses"].get(self._table, ())
            keys = [key for rest in answer.get("UnprocessedKeys", {}).values() for key in rest["Keys"]]
            if not keys:
                break
        if keys:
            raise StoreUnavailable(f"DynamoDB BatchGetItem: {len(keys)} keys are unprocessed after {READS} reads")
        return tuple(found for item in items for found in revocations_from_item(decode_item(item), targets))

    def _read(self, keys: list[Any]) -> Any:
        with aws_errors("DynamoDB BatchGetItem of revocations"):
            answer = self._dynamodb.batch_get_item(RequestItems={self._table: {"Keys": keys, "ConsistentRead": True}})
        if not isinstance(answer.get("Responses"), dict):
            # Without Responses the targets may be revoked.
            raise StoreUnavailable("DynamoDB BatchGetItem: a response without Responses")
        return answer
