"""Connects the adapters that the environment describes, once per cold start; `composition` builds the endpoints."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import TYPE_CHECKING, NamedTuple, cast

from keyturn.adapters.aws.dynamodb import open_dynamodb
from keyturn.adapters.aws.kms import open_kms
from keyturn.adapters.aws.service_clock import ServiceClock
from keyturn.adapters.clients.dynamodb_clients import DynamoDbClients
from keyturn.adapters.clients.dynamodb_resource_servers import DynamoDbResourceServers
from keyturn.adapters.grants.dynamodb_assertions import DynamoDbAssertions
from keyturn.adapters.grants.dynamodb_grants import DynamoDbGrants
from keyturn.adapters.grants.dynamodb_rates import DynamoDbRates
from keyturn.adapters.grants.kms_successor_key import KmsSuccessorKey
from keyturn.adapters.keys.dynamodb_key_rings import DynamoDbKeyRings
from keyturn.adapters.keys.kms_signer import KmsSigner
from keyturn.adapters.revocations.dynamodb_revocation_reader import DynamoDbRevocationReader
from keyturn.adapters.revocations.dynamodb_revocations import DynamoDbRevocationWriter
from token_issuer import paths
from token_issuer.composition import EndpointFactory, compose
from token_issuer.issuer_ports import Ports, UserPorts
from token_issuer.key_ring_cache import KeyRingCache
from token_issuer.resource_server_cache import ResourceServerCache
from token_issuer.settings import IssuerSettings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kms import KMSClient

    from keyturn.adapters.aws.kms import Kms


class Issuer(NamedTuple):
    """The endpoint factories by path; `prepare` does ahead what the first token would wait for, and raises faults."""

    endpoints: Mapping[str, EndpointFactory]
    prepare: Callable[[], None]


@cache
def bootstrap() -> Issuer:
    """Return the issuer that the environment describes; raises SettingsError at each call."""
    settings = IssuerSettings.from_environment(os.environ)
    kms = open_kms(os.environ)
    dynamodb = cast("DynamoDBClient", open_dynamodb(os.environ))
    ports = connect(settings, dynamodb, cast("KMSClient", kms))
    endpoints = compose(settings, ports, partial(_connect_user_ports, settings, dynamodb))
    return Issuer(endpoints, partial(_prepare, endpoints[paths.TOKEN], ports, kms))


def _prepare(token: EndpointFactory, ports: Ports, kms: Kms) -> None:
    token()
    kms.connect()
    # The read opens DynamoDB's connection, and its Date is service time.
    ports.ring.keys()


def connect(settings: IssuerSettings, dynamodb: DynamoDBClient, kms: KMSClient) -> Ports:
    """Return the ports on AWS; the Date headers of DynamoDB's responses set the clock."""
    clock = ServiceClock(dynamodb)
    rings = DynamoDbKeyRings(dynamodb, settings.key_ring_table)
    return Ports(
        ring=KeyRingCache(rings, clock.instant, max_age=settings.ring_view),
        signer=KmsSigner(kms),
        clients=DynamoDbClients(dynamodb, settings.client_table),
        resource_servers=ResourceServerCache(DynamoDbResourceServers(dynamodb, settings.client_table), clock.instant),
        revocations=DynamoDbRevocationReader(dynamodb, settings.revocation_table),
        revocation_writer=DynamoDbRevocationWriter(
            dynamodb,
            settings.revocation_table,
            clock,
            token_lifetime=settings.max_token_lifetime + settings.leeway,
        ),
        grants=DynamoDbGrants(dynamodb, settings.grant_table),
        clock=clock,
        assertions=DynamoDbAssertions(dynamodb, settings.grant_table, lambda: clock.now().earliest),
        rates=DynamoDbRates(dynamodb, settings.grant_table, clock.estimate),
        successor_key=KmsSuccessorKey(kms, settings.successor_key),
    )


def _connect_user_ports(settings: IssuerSettings, dynamodb: DynamoDBClient) -> UserPorts:
    # Imported at the first request of a user endpoint: a sandbox that serves tokens alone does not load it.
    from token_issuer.user_bootstrap import connect_user_ports

    return connect_user_ports(settings, dynamodb)
