"""Known browsers in DynamoDB: each is valid as long as the password that it authenticated with."""

from __future__ import annotations

from typing import Any

from keyturn.adapters.aws.attribute_values import encode_item
from keyturn.adapters.aws.errors import aws_errors
from keyturn.adapters.aws.item_fields import reading, whole
from keyturn.adapters.aws.item_version import ITEM_VERSION
from keyturn.adapters.aws.partition_queries import PartitionQueries
from keyturn.adapters.credentials.credential_items import DEVICE_PREFIX, OWNER_PREFIX, device_key, owner_key


class DynamoDbKnownBrowsers(PartitionQueries):
    """Remembers and forgets the browsers in which a user has signed in."""

    def knows(self, subject: str, device_hash: str, *, credential_revision: int, now: int) -> bool:
        """Return whether the browser is known since the user's present password; strongly consistent."""
        item = self._item(device_key(subject, device_hash), "a known browser")
        return item is not None and _is_known(item, credential_revision, now)

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
    with reading(item, f"device item {item['pk']}"):
        return whole(item, "credential_revision") == credential_revision and whole(item, "expires_at") > now
