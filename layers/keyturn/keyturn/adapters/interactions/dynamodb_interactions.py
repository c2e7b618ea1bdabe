"""The login's side of the interactions in DynamoDB: it writes marks, each conditional on the session that was read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keyturn.adapters.aws.attribute_values import encode_item
from keyturn.adapters.aws.transactions import transact
from keyturn.adapters.interactions.dynamodb_interaction_items import DynamoDbInteractionItems
from keyturn.adapters.interactions.interaction_item import mark_to_attribute
from keyturn.adapters.interactions.interaction_update import interaction_update
from keyturn.adapters.users.consent_item import consent_to_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from keyturn.domain.interactions.interaction import ConsentMark, Interaction
    from keyturn.domain.users.consent import Consent


class DynamoDbInteractions(DynamoDbInteractionItems):
    """Writes the decisions of a user into an interaction."""

    def __init__(self, dynamodb: DynamoDBClient, table: str, user_table: str) -> None:
        super().__init__(dynamodb, table)
        self._user_table = user_table

    def consent(self, interaction: Interaction, mark: ConsentMark, consent: Consent) -> bool:
        """Write the mark and the user's consent in one transaction; return False if the interaction changed."""
        if interaction.browser_hash is None:
            return False
        update = _mark(interaction, {"consented": mark_to_attribute(mark)}, mark.at)
        writes: list[Any] = [
            {"Update": {"TableName": self._table} | update},
            {"Put": {"TableName": self._user_table, "Item": encode_item(consent_to_item(consent))}},
        ]
        return transact(
            lambda token: self._dynamodb.transact_write_items(TransactItems=writes, ClientRequestToken=token),
            "a consent",
        )

    def confirm(self, interaction: Interaction, at: int) -> bool:
        """Write the mark; return False as `consent` does."""
        if interaction.browser_hash is None:
            return False
        return self._update(_mark(interaction, {"confirmed_at": at}, at))

    def deny(self, interaction: Interaction) -> bool:
        """Write that the user refused; return False if the interaction is used or gone."""
        if interaction.browser_hash is None:
            return False
        return self._update(interaction_update(interaction, {"denied": True}, read={}))


def _mark(interaction: Interaction, changes: dict[str, Any], at: int) -> dict[str, Any]:
    # The session identifies the user of the mark: another user may have signed in since the page was shown.
    return interaction_update(interaction, changes, read={"denied": None, "session_id": interaction.session_id}, now=at)
