"""The key rings, read without boto3."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.adapters.keys.key_ring_item import all_ring_keys, rings_from_items
from keyturn.domain.errors import StoreUnavailable

if TYPE_CHECKING:
    from keyturn.adapters.aws.dynamodb_reads import DynamoDbReads
    from keyturn.domain.keys.key_ring import KeyRing


READS = 2


class HttpKeyRingReader:
    """A KeyRingReader on HTTP without boto3."""

    def __init__(self, dynamodb: DynamoDbReads, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    def load_all(self) -> tuple[KeyRing, ...]:
        """Return all stored rings, the default one first; raises KeyRingMissing, ItemDamaged."""
        request = {"RequestItems": {self._table: {"Keys": all_ring_keys(), "ConsistentRead": True}}}
        for _ in range(READS):
            answer = self._dynamodb.call("BatchGetItem", request)
            responses = answer.get("Responses")
            # Without one of the rings its tokens would be refused: require all rings in one response.
            if not answer.get("UnprocessedKeys") and isinstance(responses, dict):
                return rings_from_items(responses.get(self._table, []))
        raise StoreUnavailable(f"DynamoDB BatchGetItem did not answer for all key rings in {READS} reads")
