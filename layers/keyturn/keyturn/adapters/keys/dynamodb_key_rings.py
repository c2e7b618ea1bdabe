"""The key rings in DynamoDB, in one strongly consistent read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.adapters.aws.errors import aws_errors
from keyturn.adapters.keys.key_ring_item import ring_key, rings_from_items
from keyturn.domain.errors import StoreUnavailable
from keyturn.domain.keys.key_ring import RING_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mypy_boto3_dynamodb import DynamoDBClient

    from keyturn.adapters.aws.dynamodb import DynamoDb
    from keyturn.domain.keys.key_ring import KeyRing


READS = 2


class DynamoDbKeyRings:
    """Reads all key rings, or those of some names."""

    def __init__(self, dynamodb: DynamoDBClient | DynamoDb, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    def load_all(self) -> tuple[KeyRing, ...]:
        """Return all stored rings, the default one first; raises KeyRingMissing, ItemDamaged."""
        return self.load(RING_NAMES)

    def load(self, names: Iterable[str]) -> tuple[KeyRing, ...]:
        """Return the stored rings of these names, the default one first; raises KeyRingMissing, ItemDamaged."""
        keys = [ring_key(name) for name in names]
        for _ in range(READS):
            with aws_errors("DynamoDB BatchGetItem of the key rings"):
                answer = self._dynamodb.batch_get_item(
                    RequestItems={self._table: {"Keys": keys, "ConsistentRead": True}}
                )
            responses = answer.get("Responses")
            # Without one of the rings its tokens would be refused: require each of these rings in one response.
            if not answer.get("UnprocessedKeys") and isinstance(responses, dict):
                return rings_from_items(responses.get(self._table, []))
        raise StoreUnavailable(f"DynamoDB BatchGetItem did not answer for all key rings in {READS} reads")
