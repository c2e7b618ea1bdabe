"""Reads of interactions in DynamoDB."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keyturn.adapters.attribute_values import decode_item
from keyturn.adapters.aws_errors import aws_errors
from keyturn.adapters.interactions.interaction_item import interaction_from_item, interaction_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from keyturn.domain.interactions.interaction import Interaction


class DynamoDbInteractionReader:
    """An InteractionReader."""

    def __init__(self, dynamodb: DynamoDBClient, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    def get(self, key_hash: str) -> Interaction | None:
        """Return the interaction, over or not, or None; strongly consistent. Raises ItemDamaged."""
        with aws_errors("DynamoDB GetItem of an interaction"):
            answer = self._dynamodb.get_item(TableName=self._table, Key=interaction_key(key_hash), ConsistentRead=True)
        item: dict[str, Any] | None = answer.get("Item")
        return None if item is None else interaction_from_item(decode_item(item))
