"""The operator's side of the authorities in DynamoDB: each write is conditional on the revision that was read."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from keyturn.adapters.aws.errors import aws_errors
from keyturn.adapters.clients.dynamodb_registrations import DynamoDbRegistrations
from keyturn.adapters.users.authority_item import (
    AUTHORITY_PREFIX,
    authority_key,
    authority_to_item,
)
from keyturn.adapters.users.dynamodb_user_readers import DynamoDbAuthorityReader
from keyturn.domain.users.authority import Authority, Status

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoDbAuthorities(DynamoDbAuthorityReader):
    """Creates, changes and removes the status and custom claims of users."""

    def __init__(self, dynamodb: DynamoDBClient, table: str) -> None:
        super().__init__(dynamodb, table)
        self._items = DynamoDbRegistrations(dynamodb, table, "user", AUTHORITY_PREFIX)

    def create(self, authority: Authority) -> None:
        """Store a new authority; raises AlreadyExists."""
        self._items.add(authority_to_item(authority))

    def update(self, authority: Authority) -> Authority:
        """Store the authority as its next revision and return it; raises VersionConflict, ItemNewer."""
        changed = replace(authority, revision=authority.revision + 1)
        self._items.replace(authority_to_item(changed))
        return changed

    def remove(self, subject: str) -> None:
        """Delete the authority of an incomplete creation; may be repeated. The tombstone of an erased user stays."""
        with aws_errors("DynamoDB DeleteItem of an authority"):
            try:
                self._dynamodb.delete_item(
                    TableName=self._table,
                    Key=authority_key(subject),
                    ConditionExpression="#status <> :erased",
                    ExpressionAttributeNames={"#status": "status"},
                    ExpressionAttributeValues={":erased": {"S": Status.ERASED.value}},
                )
            except self._dynamodb.exceptions.ConditionalCheckFailedException:
                return
