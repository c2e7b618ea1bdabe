"""Counters that bound guessing, in DynamoDB: one conditional update each, over all sandboxes."""

from __future__ import annotations

from typing import Any

from keyturn.adapters.aws.attribute_values import decode_item, encode_item
from keyturn.adapters.aws.bounded_counter import count_one
from keyturn.adapters.aws.errors import aws_errors
from keyturn.adapters.aws.item_fields import reading, whole
from keyturn.adapters.aws.item_version import ITEM_VERSION
from keyturn.adapters.aws.table_reads import TableReads
from keyturn.adapters.credentials.credential_items import attempts_key, failures_key


class DynamoDbAttempts(TableReads):
    """Counts attempts of a bucket in a window, and failures of a user in a row."""

    def take(self, bucket: str, *, limit: int, window: int, now: int) -> int:
        """Count one more; return 0 within `limit` in this window of `window` seconds, else the seconds until the next.

        The window is a part of the key, so that a counter needs no reset. TTL deletes it later.
        """
        start = now - now % window
        counter = {"TableName": self._table, "Key": attempts_key(bucket, start)}
        is_within = count_one(self._dynamodb, counter, "attempts", limit=limit, expires_at=start + 2 * window)
        return 0 if is_within else start + window - now

    def fail(self, subject: str, *, now: int) -> int:
        """Count one more failure in a row from unknown browsers, and return how many there are.

        The client repeats an update without a response: a failure may count twice, which only makes guessing harder.
        """
        values = {":one": 1, ":v": ITEM_VERSION, ":now": now}
        with aws_errors("DynamoDB UpdateItem of failures"):
            answer = self._dynamodb.update_item(
                TableName=self._table,
                Key=failures_key(subject),
                UpdateExpression="ADD failed :one SET v = if_not_exists(v, :v), last_at = :now",
                ExpressionAttributeValues=encode_item(values),
                ReturnValues="ALL_NEW",
            )
        item: Any = answer["Attributes"]
        return _failures(decode_item(item))

    def failures(self, subject: str) -> int:
        """Return the failures in a row from unknown browsers; strongly consistent. Raises ItemDamaged."""
        item = self._item(failures_key(subject), "failures")
        return 0 if item is None else _failures(item)

    def forgive(self, subject: str) -> None:
        """Begin again at 0; may be repeated."""
        with aws_errors("DynamoDB DeleteItem of failures"):
            self._dynamodb.delete_item(TableName=self._table, Key=failures_key(subject))


def _failures(item: dict[str, Any]) -> int:
    with reading(item, f"failures item {item.get('pk')}"):
        return whole(item, "failed")
