"""The login's side of the consents in DynamoDB."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.adapters.attribute_values import decode_item, encode_item
from keyturn.adapters.aws_errors import aws_errors
from keyturn.adapters.transactions import outlast_conflicts
from keyturn.adapters.users.consent_item import CONSENT_PREFIX, consent_from_item, consent_key
from keyturn.adapters.users.dynamodb_user_readers import DynamoDbConsentReader
from keyturn.adapters.users.user_item import USER_PREFIX

if TYPE_CHECKING:
    from typing import Any

    from keyturn.domain.users.consent import Consent


class DynamoDbConsents(DynamoDbConsentReader):
    """A ConsentStore."""

    def list(self, subject: str) -> tuple[Consent, ...]:
        """Return the user's consents, by client; strongly consistent. Raises ItemDamaged."""
        items: list[Any] = []
        with aws_errors("DynamoDB Query of the consents"):
            pages = self._dynamodb.get_paginator("query").paginate(
                TableName=self._table,
                ConsistentRead=True,
                KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
                ExpressionAttributeValues={":pk": {"S": f"{USER_PREFIX}{subject}"}, ":prefix": {"S": CONSENT_PREFIX}},
            )
            for page in pages:
                items += page["Items"]
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
                return  # gone already, or given again since
