"""Known browsers in DynamoDB: each is valid as long as the password that it authenticated with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keyturn.adapters.aws.attribute_values import decode_item, encode_item
from keyturn.adapters.aws.errors import aws_errors
from keyturn.adapters.aws.item_fields import damage_of, whole
from keyturn.adapters.aws.item_version import ITEM_VERSION, check_item_version
from keyturn.adapters.aws.partition_queries import PartitionQueries
from keyturn.adapters.credentials.credential_items import DEVICE_PREFIX, OWNER_PREFIX, device_key, owner_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoDbKnownBrowsers(PartitionQueries):
    """A KnownBrowsers."""

    def __init__(self, dynamodb: DynamoDBClient, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    def knows(self, subject: str, device_hash: str, *, credential_revision: int, now: int) -> bool:
        """Return whether the browser is known since the user's present password; strongly consistent."""
        with aws_errors("DynamoDB GetItem of a known browser"):
            answer = self._dynamodb.get_item(
                TableName=self._table, Key=device_key(subject, device_hash), ConsistentRead=True
            )
        item: dict[str, Any] | None = answer.get("Item")
        return item is not None and _is_known(decode_item(item), credential_revision, now)

    def remember(self, subject: str, device_hash: str, *, credential_revision: int, expires_at: int) -> None:
        """Remember the browser for the user."""
        values = {"v": ITEM_VERSION, "credential_revision": credential_revision, "expires_at": expires_at}
        with aws_errors("DynamoDB PutItem of a known browser"):
            self._dynamodb.put_item(
                TableName=self._table, Item={**device_key(subject, device_hash), **encode_item(values)}
            )

    def forget(self, subject: str) -> None:
        """Forget every browser of the user; may be repeated."""
        sort_keys = self._sort_keys(f"{OWNER_PREFIX}{subject}", "known browsers", prefix=DEVICE_PREFIX)
        for sort_key in sort_keys:
            with aws_errors("DynamoDB DeleteItem of a known browser"):
                self._dynamodb.delete_item(TableName=self._table, Key=owner_key(subject, sort_key))


def _is_known(item: dict[str, Any], credential_revision: int, now: int) -> bool:
    what = f"device item {item['pk']}"
    check_item_version(item, what)
    with damage_of(what):
        return whole(item, "credential_revision") == credential_revision and whole(item, "expires_at") > now
