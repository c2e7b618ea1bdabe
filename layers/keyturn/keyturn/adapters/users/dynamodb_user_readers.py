"""The issuer's reads about users: profile, authority and consent, one strongly consistent GetItem each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keyturn.adapters.aws.attribute_values import decode_item
from keyturn.adapters.aws.errors import aws_errors
from keyturn.adapters.users.authority_item import authority_from_item, authority_key
from keyturn.adapters.users.consent_item import consent_from_item, consent_key
from keyturn.adapters.users.user_item import user_from_item, user_key
from keyturn.domain.users.authority import Authority
from keyturn.domain.users.consent import Consent
from keyturn.domain.users.subject import is_subject
from keyturn.domain.users.user import User

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoDbUserReader:
    """A UserReader."""

    def __init__(self, dynamodb: DynamoDBClient, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    def get(self, subject: str) -> User | None:
        """Return the profile, or None; strongly consistent. Raises ItemDamaged."""
        if not is_subject(subject):
            return None
        with aws_errors("DynamoDB GetItem of a profile"):
            answer = self._dynamodb.get_item(TableName=self._table, Key=user_key(subject), ConsistentRead=True)
        item: dict[str, Any] | None = answer.get("Item")
        return None if item is None else user_from_item(decode_item(item))


class DynamoDbAuthorityReader:
    """An AuthorityReader."""

    def __init__(self, dynamodb: DynamoDBClient, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    def get(self, subject: str) -> Authority | None:
        """Return the authority, or None for a user who cannot sign in; strongly consistent. Raises ItemDamaged."""
        if not is_subject(subject):
            return None
        with aws_errors("DynamoDB GetItem of an authority"):
            answer = self._dynamodb.get_item(TableName=self._table, Key=authority_key(subject), ConsistentRead=True)
        item: dict[str, Any] | None = answer.get("Item")
        return None if item is None else authority_from_item(decode_item(item))


class DynamoDbConsentReader:
    """A ConsentReader."""

    def __init__(self, dynamodb: DynamoDBClient, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    def get(self, subject: str, client_id: str) -> Consent | None:
        """Return the user's consent for the client, or None; strongly consistent. Raises ItemDamaged."""
        if not is_subject(subject):
            return None
        with aws_errors("DynamoDB GetItem of a consent"):
            answer = self._dynamodb.get_item(
                TableName=self._table, Key=consent_key(subject, client_id), ConsistentRead=True
            )
        item: dict[str, Any] | None = answer.get("Item")
        return None if item is None else consent_from_item(decode_item(item))
