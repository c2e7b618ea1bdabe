"""The issuer's side of the interactions in DynamoDB: it opens them and binds them to a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keyturn.adapters.aws.attribute_values import decode_item, encode_item
from keyturn.adapters.aws.errors import aws_errors
from keyturn.adapters.aws.transactions import outlast_conflicts
from keyturn.adapters.interactions.dynamodb_interaction_items import DynamoDbInteractionItems
from keyturn.adapters.interactions.interaction_item import (
    demands_to_attribute,
    interaction_key,
    interaction_to_item,
)
from keyturn.adapters.interactions.interaction_update import MARKS, interaction_update, update_expression
from keyturn.domain.errors import AlreadyExists

if TYPE_CHECKING:
    from keyturn.domain.interactions.interaction import Interaction


class DynamoDbInteractionOpener(DynamoDbInteractionItems):
    """Stores new interactions, binds them to a browser, and sets their demands."""

    def create(self, interaction: Interaction) -> None:
        """Store a new interaction; raises AlreadyExists."""
        item = encode_item(interaction_to_item(interaction))
        with aws_errors("DynamoDB PutItem of an interaction"):
            try:
                self._dynamodb.put_item(
                    TableName=self._table,
                    Item=item,
                    ConditionExpression="attribute_not_exists(pk)",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
            except self._dynamodb.exceptions.ConditionalCheckFailedException as error:
                # An earlier attempt of this call, whose response was lost, counts as success.
                stored: Any = error.response.get("Item", {})
                if decode_item(stored) != decode_item(item):
                    raise AlreadyExists("an interaction of this id exists already") from None

    def bind(self, interaction: Interaction) -> bool:
        """Write browser, demands and session of an unbound one; return False if another browser was first.

        Return True and change nothing where this browser has bound it before.
        """
        if interaction.browser_hash is None:
            return False
        changes = {
            "browser_hash": interaction.browser_hash,
            "demands": demands_to_attribute(interaction),
            "session_id": interaction.session_id,
        }
        kept = {name: value for name, value in changes.items() if value}
        removed = [name for name in changes if name not in kept]
        with aws_errors("DynamoDB UpdateItem of an interaction"):
            try:
                outlast_conflicts(
                    lambda: self._dynamodb.update_item(
                        TableName=self._table,
                        Key=interaction_key(interaction.key_hash),
                        UpdateExpression=update_expression(kept, removed),
                        ConditionExpression="attribute_exists(pk) AND attribute_not_exists(browser_hash)"
                        " AND attribute_not_exists(grant_id)",
                        ExpressionAttributeValues=encode_item({f":{name}": value for name, value in kept.items()}),
                        ReturnValuesOnConditionCheckFailure="ALL_OLD",
                    )
                )
            except self._dynamodb.exceptions.ConditionalCheckFailedException as error:
                stored: Any = error.response.get("Item", {})
                is_ours = stored.get("browser_hash") == {"S": interaction.browser_hash}
                return is_ours and "grant_id" not in stored
        return True

    def demand(self, interaction: Interaction) -> bool:
        """Begin again: write demands and session without marks; return False if it is used, denied or gone."""
        if interaction.browser_hash is None:
            return False
        changes = {"demands": demands_to_attribute(interaction), "session_id": interaction.session_id}
        update = interaction_update(interaction, changes | dict.fromkeys(MARKS), read={"denied": None})
        return self._update(update)
