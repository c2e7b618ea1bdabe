"""Connects the further adapters of the user endpoints; `bootstrap` imports it for their first request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.adapters.grants.dynamodb_grant_writer import DynamoDbGrantWriter
from keyturn.adapters.interactions.dynamodb_interaction_opener import DynamoDbInteractionOpener
from keyturn.adapters.sessions.dynamodb_session_reader import DynamoDbSessionReader
from keyturn.adapters.users.dynamodb_user_readers import (
    DynamoDbAuthorityReader,
    DynamoDbConsentReader,
    DynamoDbUserReader,
)
from token_issuer.issuer_ports import UserPorts
from token_issuer.settings import IssuerSettings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def connect_user_ports(settings: IssuerSettings, dynamodb: DynamoDBClient) -> UserPorts:
    """Return the ports on AWS."""
    return UserPorts(
        users=DynamoDbUserReader(dynamodb, settings.user_table),
        authorities=DynamoDbAuthorityReader(dynamodb, settings.authority_table),
        consents=DynamoDbConsentReader(dynamodb, settings.user_table),
        sessions=DynamoDbSessionReader(dynamodb, settings.session_table),
        interactions=DynamoDbInteractionOpener(dynamodb, settings.interaction_table),
        grants=DynamoDbGrantWriter(dynamodb, settings.grant_table, settings.interaction_table),
    )
