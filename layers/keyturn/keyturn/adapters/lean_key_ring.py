"""The key ring, read without boto3."""

from __future__ import annotations

from keyturn.adapters.attribute_values import decode_item
from keyturn.adapters.key_ring_item import ring_from_item, ring_key
from keyturn.domain.errors import KeyRingMissing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from keyturn.adapters.lean_dynamodb import LeanDynamoDB
    from keyturn.domain.key_ring import KeyRing


class LeanKeyRingReader:
    """A KeyRingReader on the lean client."""

    def __init__(self, dynamodb: LeanDynamoDB, table: str) -> None:
        """Read from this table."""
        self._dynamodb = dynamodb
        self._table = table

    def load(self, name: str) -> KeyRing:
        """Return the ring, strongly consistent; raises KeyRingMissing, ItemDamaged."""
        request = {"TableName": self._table, "Key": ring_key(name), "ConsistentRead": True}
        item = self._dynamodb.call("GetItem", request).get("Item")
        if item is None:
            raise KeyRingMissing(f"ring {name} has no item")
        return ring_from_item(decode_item(item), name)
