"""The composition root: settings → adapters → ports → endpoints, once per cold start."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, cast

from keyturn.adapters.aws.dynamodb import DynamoDb, open_dynamodb
from keyturn.adapters.aws.kms import Kms, open_kms
from keyturn.adapters.aws.service_clock import ServiceClock
from keyturn.adapters.clients.dynamodb_clients import DynamoDbClients
from keyturn.adapters.credentials.dynamodb_attempts import DynamoDbAttempts
from keyturn.adapters.credentials.dynamodb_known_browsers import DynamoDbKnownBrowsers
from keyturn.adapters.credentials.dynamodb_passwords import DynamoDbPasswords
from keyturn.adapters.credentials.dynamodb_sign_ins import DynamoDbSignIns, LoginTables
from keyturn.adapters.credentials.kms_pepper import KmsPepper
from keyturn.adapters.interactions.dynamodb_interactions import DynamoDbInteractions
from keyturn.adapters.keys.dynamodb_key_rings import DynamoDbKeyRings
from keyturn.adapters.revocations.dynamodb_revocation_reader import DynamoDbRevocationReader
from keyturn.adapters.revocations.dynamodb_revocations import DynamoDbRevocationWriter
from keyturn.adapters.sessions.dynamodb_sessions import DynamoDbSessions
from keyturn.adapters.users.dynamodb_consents import DynamoDbConsents
from keyturn.adapters.users.dynamodb_user_readers import DynamoDbAuthorityReader
from keyturn.adapters.users.dynamodb_users import DynamoDbUsers
from login.composition import compose
from login.router import Login
from login.settings import LoginSettings
from login.use_cases import Ports

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kms import KMSClient


@cache
def bootstrap() -> Login:
    """Return the login that the environment describes; raises SettingsError, again at each call."""
    settings = LoginSettings.from_environment(os.environ)
    return compose(settings, connect(settings, *_clients()))


def prepare() -> None:
    """Compose the login and open its connections ahead of the first request; raises faults."""
    bootstrap()
    for client in _clients():
        client.connect()


@cache
def _clients() -> tuple[DynamoDb, Kms]:
    return open_dynamodb(os.environ), open_kms(os.environ)


def connect(settings: LoginSettings, dynamodb_service: DynamoDb, kms: Kms) -> Ports:
    """Return the ports on AWS; DynamoDB's responses set the clock."""
    dynamodb = cast("DynamoDBClient", dynamodb_service)
    clock = ServiceClock(dynamodb)
    tables = settings.tables
    return Ports(
        clock=clock,
        rings=DynamoDbKeyRings(dynamodb, tables.key_rings),
        clients=DynamoDbClients(dynamodb, tables.clients),
        revocations=DynamoDbRevocationReader(dynamodb, tables.revocations),
        revocation_writer=DynamoDbRevocationWriter(
            dynamodb,
            tables.revocations,
            clock,
            token_lifetime=settings.max_token_lifetime + settings.leeway,
        ),
        users=DynamoDbUsers(dynamodb, tables.users),
        authorities=DynamoDbAuthorityReader(dynamodb, tables.authorities),
        consents=DynamoDbConsents(dynamodb, tables.users),
        passwords=DynamoDbPasswords(dynamodb, tables.credentials),
        sign_ins=DynamoDbSignIns(
            dynamodb,
            LoginTables(
                users=tables.users,
                authorities=tables.authorities,
                credentials=tables.credentials,
                sessions=tables.sessions,
                interactions=tables.interactions,
            ),
        ),
        known_browsers=DynamoDbKnownBrowsers(dynamodb, tables.credentials),
        attempts=DynamoDbAttempts(dynamodb, tables.credentials),
        pepper=KmsPepper(cast("KMSClient", kms), settings.pepper_key),
        sessions=DynamoDbSessions(dynamodb, tables.sessions),
        interactions=DynamoDbInteractions(dynamodb, tables.interactions, tables.users),
    )
