"""The reads and updates of interactions in DynamoDB that issuer and login share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keyturn.adapters.aws.errors import aws_errors
from keyturn.adapters.aws.table_reads import TableReads
from keyturn.adapters.aws.transactions import outlast_conflicts
from keyturn.adapters.interactions.interaction_item import interaction_from_item, interaction_key

if TYPE_CHECKING:
    from keyturn.domain.interactions.interaction import Interaction


class DynamoDbInteractionItems(TableReads):
    """Reads interactions, and updates them under a condition."""

    def get(self, key_hash: str) -> Interaction | None:
        """Return the interaction, over or not, or None; strongly consistent. Raises ItemDamaged."""
        item = self._item(interaction_key(key_hash), "an interaction")
        return None if item is None else interaction_from_item(item)

    def _update(self, update: dict[str, Any]) -> bool:
        """Send an update of `interaction_update`; return False if its condition fails."""
        with aws_errors("DynamoDB UpdateItem of an interaction"):
            try:
                outlast_conflicts(lambda: self._dynamodb.update_item(TableName=self._table, **update))
            except self._dynamodb.exceptions.ConditionalCheckFailedException:
                return False
        return True
