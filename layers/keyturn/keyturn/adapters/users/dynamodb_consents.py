"""The login's side of the consents in DynamoDB."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.adapters.aws.attribute_values import decode_item, encode_item
from keyturn.adapters.aws.errors import aws_errors
from keyturn.adapters.aws.partition_queries import PartitionQueries
from keyturn.adapters.aws.transactions import outlast_conflicts
from keyturn.adapters.users.consent_item import CONSENT_PREFIX, consent_from_item, consent_key
from keyturn.adapters.users.dynamodb_user_readers import DynamoDbConsentReader
from keyturn.adapters.users.user_item import USER_PREFIX

if TYPE_CHECKING:
    from keyturn.domain.users.consent import Consent


class DynamoDbConsents(DynamoDbConsentReader, PartitionQueries):
    """Reads, lists and withdraws consents."""

    def list(self, subject: str) -> tuple[Consent, ...]:
        """Return the user's consents, by client; strongly consistent. Raises ItemDamaged."""
        items = self._query(f"{USER_PREFIX}{subject}", "the consents", prefix=CONSENT_PREFIX)
        return tuple(consent_from_item(decode_item(item)) for item in items)

    def withdraw(self, subject: str, client_id: str, *, until: int) -> None:
        """Delete the consent unless it was given after `until`, service time in whole seconds; may be repeated."""
        with aws_errors("DynamoDB DeleteItem of a consent"):
            try:
                outlast_conflicts(
                    lambda: self._dynamodb.delete_item(
                        TableName=self._table,
                        Key=consent_key(subject, client_id),
                        ConditionExpression="#at <= :until",
                        ExpressionAttributeNames={"#at": "at"},
                        ExpressionAttributeValues=encode_item({":until": until}),
                    )
                )
            except self._dynamodb.exceptions.ConditionalCheckFailedException:
                return  # deleted already, or given again since
