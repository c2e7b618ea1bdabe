"""The composition root: settings → adapters → endpoints, once per cold start."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from keyturn.adapters.aws_client import dynamodb_client, kms_client
from keyturn.adapters.dynamodb_assertions import DynamoDbAssertions
from keyturn.adapters.dynamodb_clients import DynamoDbClients
from keyturn.adapters.dynamodb_key_ring import DynamoDbKeyRings
from keyturn.adapters.dynamodb_rates import DynamoDbRates
from keyturn.adapters.dynamodb_revocations import DynamoDbRevocationReader, DynamoDbRevocationWriter
from keyturn.adapters.kms_signer import KmsSigner
from keyturn.adapters.service_clock import ServiceClock
from keyturn.adapters.system_clock import monotonic_seconds, wall_seconds
from keyturn.jose.policy import MAX_LEEWAY
from token_issuer.client_authentication import ClientAuthenticator
from token_issuer.client_authentication.client_secret_basic import client_secret_basic
from token_issuer.client_authentication.client_secret_post import client_secret_post
from token_issuer.client_authentication.credentials import Method
from token_issuer.client_authentication.none import none
from token_issuer.client_authentication.private_key_jwt import PrivateKeyJwt
from token_issuer.endpoints import metadata
from token_issuer.endpoints.endpoint import Endpoint
from token_issuer.endpoints.introspection import IntrospectionEndpoint
from token_issuer.endpoints.jwks import JwksEndpoint
from token_issuer.endpoints.metadata import MetadataEndpoint
from token_issuer.endpoints.revocation import RevocationEndpoint
from token_issuer.endpoints.token import Grant, TokenEndpoint
from token_issuer.grants.client_credentials import ClientCredentialsGrant
from token_issuer.issue_token import TokenIssuance
from token_issuer.own_tokens import OwnTokens
from token_issuer.ring_view import RingView
from token_issuer.settings import Settings
from token_issuer.token_signer import TokenSigner

if TYPE_CHECKING:
    from keyturn.ports import (
        AssertionLog,
        ClientReader,
        Clock,
        RateCounter,
        RevocationReader,
        RevocationWriter,
        Signer,
    )


class Ports(NamedTuple):
    """The outside world as the issuer needs it."""

    ring: RingView
    signer: Signer
    clients: ClientReader
    revocations: RevocationReader
    revocation_writer: RevocationWriter
    clock: Clock
    assertions: AssertionLog
    rates: RateCounter


@cache
def bootstrap() -> Mapping[str, Endpoint]:
    """Return the endpoints that the environment describes; raises SettingsError, again at each call."""
    settings = Settings.from_environment(os.environ)
    return compose(settings, _connect(settings))


def compose(settings: Settings, ports: Ports) -> Mapping[str, Endpoint]:
    """Return the endpoints by their path."""
    confidential = _confidential_methods(settings, ports)
    authenticator = ClientAuthenticator(ports.clients, confidential | {"none": none})
    issuance = TokenIssuance(settings, TokenSigner(ports.ring, ports.signer), ports.revocations, ports.clock)
    grants: dict[str, Grant] = {
        "client_credentials": ClientCredentialsGrant(issuance),
    }
    server_metadata = MetadataEndpoint(settings.issuer, grants, [*confidential, "none"], max_age=settings.jwks_max_age)
    return {
        metadata.TOKEN_PATH: TokenEndpoint(authenticator, grants, ports.rates),
        metadata.REVOCATION_PATH: RevocationEndpoint(
            authenticator,
            # Generous with time, so that a token that is good for the most lenient verifier can be ended.
            OwnTokens(settings, ports.ring, leeway=MAX_LEEWAY),
            ports.revocation_writer,
            ports.clock,
            leeway=settings.leeway,
        ),
        metadata.INTROSPECTION_PATH: IntrospectionEndpoint(
            ClientAuthenticator(ports.clients, confidential),
            OwnTokens(settings, ports.ring, leeway=settings.leeway),
            ports.revocations,
            ports.clock,
        ),
        metadata.JWKS_PATH: JwksEndpoint(ports.ring, max_age=settings.jwks_max_age),
        metadata.METADATA_PATH: server_metadata,
        metadata.OPENID_METADATA_PATH: server_metadata,
    }


def _confidential_methods(settings: Settings, ports: Ports) -> dict[str, Method]:
    """Return the methods by which a client proves who it is, by their registered names (RFC 7591 §2)."""
    # Assertions are for the issuer or, from clients of before RFC 7523's revision, for its token endpoint.
    names = frozenset({settings.issuer, settings.issuer + metadata.TOKEN_PATH})
    return {
        "client_secret_basic": client_secret_basic,
        "client_secret_post": client_secret_post,
        "private_key_jwt": PrivateKeyJwt(ports.assertions, ports.clock, audiences=names, leeway=settings.leeway),
    }


def _connect(settings: Settings) -> Ports:
    """Return the ports on AWS; DynamoDB's answers set the clock."""
    dynamodb = dynamodb_client()
    clock = ServiceClock(dynamodb)
    rings = DynamoDbKeyRings(dynamodb, settings.key_ring_table)
    return Ports(
        ring=RingView(rings, wall_seconds, monotonic_seconds, max_age=settings.ring_view),
        signer=KmsSigner(kms_client()),
        clients=DynamoDbClients(dynamodb, settings.client_table),
        revocations=DynamoDbRevocationReader(dynamodb, settings.revocation_table),
        revocation_writer=DynamoDbRevocationWriter(
            dynamodb,
            settings.revocation_table,
            clock,
            token_horizon=settings.max_token_lifetime + settings.leeway,
        ),
        clock=clock,
        assertions=DynamoDbAssertions(dynamodb, settings.grant_table, lambda: clock.now().earliest),
        rates=DynamoDbRates(dynamodb, settings.grant_table, clock.estimate),
    )
