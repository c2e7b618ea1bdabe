"""The store of a key ring in DynamoDB: writes are conditional on the version that was read."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from keyturn.adapters.aws.attribute_values import decode_item, encode_item
from keyturn.adapters.aws.errors import aws_errors
from keyturn.adapters.aws.item_version import ITEM_VERSION
from keyturn.adapters.aws.transactions import failed_conditions
from keyturn.adapters.keys.key_ring_item import ring_from_item, ring_key, ring_to_item
from keyturn.adapters.revocations.revocation_item import target_key
from keyturn.domain.errors import AlreadyExists, KeyRingMissing, StoreUnavailable, VersionConflict
from keyturn.domain.keys.key_ring import KeyRing
from keyturn.domain.revocations.revocation import GLOBAL_COPIES, Target, TargetKind

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from keyturn.adapters.aws.service_errors import AnswerError

_ATTEMPTS = 4
_FIRST_PAUSE = 0.05
# Seconds. The copies of global may have a revocation cutoff as well, which must not expire early: ten years are longer
# than any needs. There are sixteen of these items only.
_GLOBAL_LIFETIME = 10 * 365 * 86_400


class DynamoDbKeyRingStore:
    """Reads and writes key rings: one conditional write for each change, and one transaction for an emergency."""

    def __init__(
        self,
        dynamodb: DynamoDBClient,
        table: str,
        revocation_table: str,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._revocation_table = revocation_table
        self._pause = pause

    def load(self, name: str) -> KeyRing:
        """Return the ring, strongly consistent; raises KeyRingMissing, ItemDamaged."""
        with aws_errors("DynamoDB GetItem of the key ring"):
            answer = self._dynamodb.get_item(TableName=self._table, Key=ring_key(name), ConsistentRead=True)
        if "Item" not in answer:
            raise KeyRingMissing(f"ring {name} has no item")
        item: dict[str, Any] = answer["Item"]
        return ring_from_item(decode_item(item), name)

    def create(self, ring: KeyRing) -> KeyRing:
        """Store the first version of a ring; raises AlreadyExists, also where an attempt of this call stored it."""
        with aws_errors("DynamoDB PutItem of the key ring"):
            try:
                self._dynamodb.put_item(
                    TableName=self._table,
                    Item=encode_item(ring_to_item(ring)),
                    ConditionExpression="attribute_not_exists(pk)",
                )
            except self._dynamodb.exceptions.ConditionalCheckFailedException:
                raise AlreadyExists(f"ring {ring.name} exists already") from None
        return ring

    def save(self, ring: KeyRing) -> KeyRing:
        """Store the ring as the next version if its version is still the stored one; raises VersionConflict."""
        saved = ring.replace(version=ring.version + 1)
        with aws_errors("DynamoDB UpdateItem of the key ring"):
            try:
                self._dynamodb.update_item(**self._ring_update(saved))
            except self._dynamodb.exceptions.ConditionalCheckFailedException as error:
                if not _is_ours(error, saved):
                    raise VersionConflict(f"ring {ring.name} is not at version {ring.version} any more") from None
        return saved

    def save_compromise(self, ring: KeyRing, compromised_kids: Sequence[str]) -> KeyRing:
        """Store the ring and all copies of global in one transaction (invariant I8); raises VersionConflict."""
        saved = ring.replace(version=ring.version + 1)
        since = max((entry.at for entry in ring.compromises), default=0)
        copies = [
            self._global_update(copy, compromised_kids, since + _GLOBAL_LIFETIME) for copy in range(GLOBAL_COPIES)
        ]
        writes: list[Any] = [{"Update": update} for update in (self._ring_update(saved), *copies)]
        for attempt in range(_ATTEMPTS):
            if self._transact(writes, saved):
                return saved
            self._pause(_FIRST_PAUSE * 2**attempt)
        raise StoreUnavailable(f"the emergency in ring {ring.name} met other writers {_ATTEMPTS} times")

    def _ring_update(self, saved: KeyRing) -> dict[str, Any]:
        """Return the arguments of the UpdateItem that replaces the previous version by this one."""
        item = ring_to_item(saved)
        del item["pk"]
        names = {f"#{name}": name for name in item}
        values = {f":{name}": value for name, value in item.items()} | {":read": saved.version - 1}
        return {
            "TableName": self._table,
            "Key": ring_key(saved.name),
            "UpdateExpression": "SET " + ", ".join(f"#{name} = :{name}" for name in item),
            "ConditionExpression": "#version = :read",
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": encode_item(values),
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }

    def _global_update(self, copy: int, kids: Sequence[str], expires_at: int) -> dict[str, Any]:
        """Return the update of one copy, which adds kids: the kids of other rings and a cutoff stay."""
        values = {":v": ITEM_VERSION, ":expires_at": expires_at, ":kids": frozenset(kids)}
        return {
            "TableName": self._revocation_table,
            "Key": target_key(Target.of(TargetKind.GLOBAL, str(copy))),
            "UpdateExpression": "SET v = if_not_exists(v, :v), expires_at = :expires_at ADD compromised_kids :kids",
            "ExpressionAttributeValues": encode_item(values),
        }

    def _transact(self, writes: list[Any], saved: KeyRing) -> bool:
        """Return whether the transaction was done; False if it should be repeated."""
        with aws_errors("DynamoDB TransactWriteItems of an emergency"):
            try:
                # The token makes the client's own retry after a lost response harmless.
                self._dynamodb.transact_write_items(TransactItems=writes, ClientRequestToken=secrets.token_hex(16))
            except self._dynamodb.exceptions.TransactionInProgressException:
                return False
            except self._dynamodb.exceptions.TransactionCanceledException as error:
                return _decided(error, saved)
        return True


def _decided(error: AnswerError, saved: KeyRing) -> bool:
    """Return whether an earlier attempt had stored the ring; raises VersionConflict, Throttled.

    It returns False after a conflict with another transaction: the caller repeats its own.
    """
    items = failed_conditions(error, "an emergency")
    if items and not any(_is_item(item, saved) for item in items):
        raise VersionConflict(f"ring {saved.name} is not at version {saved.version - 1} any more")
    return bool(items)


def _is_ours(error: AnswerError, saved: KeyRing) -> bool:
    return _is_item(error.response.get("Item"), saved)


def _is_item(found: object, saved: KeyRing) -> bool:
    """Return whether the stored item is the one to write: an earlier attempt stored it, and its response was lost."""
    return found == encode_item(ring_to_item(saved))
