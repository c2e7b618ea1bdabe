"""Passwords and one-time links in DynamoDB."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.adapters.aws.attribute_values import encode_item
from keyturn.adapters.aws.errors import aws_errors
from keyturn.adapters.aws.item_version import ITEM_VERSION
from keyturn.adapters.aws.partition_queries import PartitionQueries
from keyturn.adapters.aws.transactions import outlast_conflicts
from keyturn.adapters.credentials.credential_items import (
    OWNER_PREFIX,
    link_from_item,
    link_key,
    link_to_item,
    owner_key,
    password_from_item,
    password_key,
    password_to_item,
)

if TYPE_CHECKING:
    from keyturn.domain.credentials.link import Link
    from keyturn.domain.credentials.password import PasswordCredential


class DynamoDbPasswords(PartitionQueries):
    """Reads and replaces passwords, and stores one-time links."""

    def get(self, subject: str) -> PasswordCredential | None:
        """Return the stored password, or None; strongly consistent. Raises ItemDamaged."""
        item = self._item(password_key(subject), "a password")
        return None if item is None else password_from_item(item)

    def rehash(self, credential: PasswordCredential, *, previous: PasswordCredential) -> bool:
        """Replace the stored password by the same one at a higher cost, same revision; False if it changed."""
        item = encode_item(password_to_item(credential))
        with aws_errors("DynamoDB PutItem of a password"):
            try:
                outlast_conflicts(
                    lambda: self._dynamodb.put_item(
                        TableName=self._table,
                        Item=item,
                        ConditionExpression="mac = :mac AND revision = :revision AND v <= :v",
                        ExpressionAttributeValues=encode_item(
                            {":mac": previous.mac, ":revision": previous.revision, ":v": ITEM_VERSION}
                        ),
                        ReturnValuesOnConditionCheckFailure="ALL_OLD",
                    )
                )
            except self._dynamodb.exceptions.ConditionalCheckFailedException as error:
                # An earlier attempt of this call, whose response was lost, counts as success.
                return error.response.get("Item") == item
        return True

    def add_link(self, link: Link) -> None:
        """Store a one-time link."""
        with aws_errors("DynamoDB PutItem of a link"):
            self._dynamodb.put_item(TableName=self._table, Item=encode_item(link_to_item(link)))

    def get_link(self, key_hash: str) -> Link | None:
        """Return the link, over or not, or None; strongly consistent. Raises ItemDamaged."""
        item = self._item(link_key(key_hash), "a link")
        return None if item is None else link_from_item(item)

    def erase(self, subject: str) -> None:
        """Delete password, known browsers and failures of the user; may be repeated."""
        sort_keys = self._sort_keys(f"{OWNER_PREFIX}{subject}", "credentials")
        for sort_key in sort_keys:
            with aws_errors("DynamoDB DeleteItem of a credential"):
                self._dynamodb.delete_item(TableName=self._table, Key=owner_key(subject, sort_key))
