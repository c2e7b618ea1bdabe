"""The strongly consistent read of one item in DynamoDB, for every adapter that has one table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keyturn.adapters.aws.attribute_values import decode_item
from keyturn.adapters.aws.errors import aws_errors

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class TableReads:
    """A client of DynamoDB and the name of a table, for an adapter that reads single items of it."""

    def __init__(self, dynamodb: DynamoDBClient, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    def _item(self, key: Any, what: str) -> dict[str, Any] | None:
        """Return the item with plain Python values, or None; errors name it by `what`."""
        with aws_errors(f"DynamoDB GetItem of {what}"):
            answer = self._dynamodb.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        item: dict[str, Any] | None = answer.get("Item")
        return None if item is None else decode_item(item)
