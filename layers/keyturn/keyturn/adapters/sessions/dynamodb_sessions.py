"""The login's side of the sessions in DynamoDB: lists by pointers, and deletes with the pointer."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from keyturn.adapters.aws.attribute_values import decode_item
from keyturn.adapters.aws.errors import aws_errors
from keyturn.adapters.aws.partition_queries import PartitionQueries
from keyturn.adapters.aws.transactions import transact
from keyturn.adapters.sessions.dynamodb_session_reader import DynamoDbSessionReader
from keyturn.adapters.sessions.session_item import (
    OWNER_PREFIX,
    SESSION_PREFIX,
    hash_from_pointer,
    pointer_key,
    session_delete,
    session_from_item,
    session_key,
)
from keyturn.domain.errors import StoreUnavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from keyturn.domain.sessions.session import Session

_BATCH = 100  # BatchGetItem takes no more keys
_READS = 4
_FIRST_PAUSE = 0.05


class DynamoDbSessions(DynamoDbSessionReader, PartitionQueries):
    """Reads, lists and deletes sessions."""

    def __init__(self, dynamodb: DynamoDBClient, table: str, pause: Callable[[float], None] = time.sleep) -> None:
        super().__init__(dynamodb, table)
        self._pause = pause

    def list(self, subject: str) -> tuple[Session, ...]:
        """Return the user's sessions that exist, newest first; strongly consistent. Raises ItemDamaged."""
        keys = [session_key(key_hash) for key_hash in self._hashes(subject)]
        items: list[Any] = []
        for start in range(0, len(keys), _BATCH):
            items += self._read(keys[start : start + _BATCH])
        found = [session_from_item(decode_item(item)) for item in items]
        return tuple(sorted(found, key=lambda each: (each.created_at, each.key_hash), reverse=True))

    def delete(self, session: Session) -> bool:
        """Delete the session and its pointer in one transaction; may be repeated.

        Return False, with nothing deleted, if the session gave its first code since it was read.
        """
        writes: list[Any] = [
            {"Delete": {"TableName": self._table} | each}
            for each in (session_delete(session), {"Key": pointer_key(session)})
        ]
        return transact(
            lambda token: self._dynamodb.transact_write_items(TransactItems=writes, ClientRequestToken=token),
            "an ended session",
            pause=self._pause,
        )

    def _hashes(self, subject: str) -> Sequence[str]:
        items = self._query(f"{OWNER_PREFIX}{subject}", "the sessions", prefix=SESSION_PREFIX)
        return [hash_from_pointer(decode_item(item)) for item in items]

    def _read(self, keys: Sequence[Any]) -> Sequence[Any]:
        """Return the items of at most _BATCH keys; raises StoreUnavailable if one could not be read."""
        items: list[Any] = []
        for read in range(_READS):
            with aws_errors("DynamoDB BatchGetItem of the sessions"):
                answer = self._dynamodb.batch_get_item(
                    RequestItems={self._table: {"Keys": keys, "ConsistentRead": True}}
                )
            items += answer["Responses"].get(self._table, [])
            keys = [key for rest in answer["UnprocessedKeys"].values() for key in rest["Keys"]]
            if not keys:
                return items
            self._pause(_FIRST_PAUSE * 2**read)
        # A session without a response may still exist.
        raise StoreUnavailable(f"DynamoDB left {len(keys)} sessions unprocessed")
