"""The composition root: settings → adapters → endpoints, once per cold start."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import TYPE_CHECKING, NamedTuple

from keyturn.adapters.aws_client import dynamodb_client, kms_client
from keyturn.adapters.dynamodb_assertions import DynamoDbAssertions
from keyturn.adapters.dynamodb_clients import DynamoDbClients
from keyturn.adapters.dynamodb_grants import DynamoDbGrants
from keyturn.adapters.dynamodb_key_ring import DynamoDbKeyRings
from keyturn.adapters.dynamodb_rates import DynamoDbRates
from keyturn.adapters.dynamodb_resource_servers import DynamoDbResourceServers
from keyturn.adapters.dynamodb_revocations import DynamoDbRevocationReader, DynamoDbRevocationWriter
from keyturn.adapters.kms_signer import KmsSigner
from keyturn.adapters.service_clock import ServiceClock
from token_issuer import paths
from token_issuer.client_authentication import ClientAuthenticator
from token_issuer.client_authentication.client_secret_basic import client_secret_basic
from token_issuer.client_authentication.client_secret_post import client_secret_post
from token_issuer.client_authentication.credentials import Method
from token_issuer.client_authentication.none import none
from token_issuer.client_authentication.private_key_jwt import PrivateKeyJwt
from token_issuer.endpoints.endpoint import Endpoint
from token_issuer.endpoints.token import Grant, TokenEndpoint
from token_issuer.grant_end import GrantEnd
from token_issuer.grants.authorization_code import AuthorizationCodeGrant
from token_issuer.grants.client_credentials import ClientCredentialsGrant
from token_issuer.grants.refresh_token import RefreshTokenGrant
from token_issuer.grants.user_tokens import UserTokens
from token_issuer.issue_token import TokenIssuance
from token_issuer.issuer_ports import Ports, UserPorts
from token_issuer.requested_access import RequestedAccess
from token_issuer.resource_server_view import ResourceServerView
from token_issuer.ring_view import RingView
from token_issuer.settings import Settings
from token_issuer.standing import Standings
from token_issuer.token_signer import TokenSigner

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from token_issuer.own_grants import OwnGrants
    from token_issuer.own_tokens import OwnTokens

# Composes an endpoint at its first call, and returns the same one from then on.
EndpointFactory = Callable[[], Endpoint]


@cache
def bootstrap() -> Mapping[str, EndpointFactory]:
    """Return the endpoints that the environment describes; raises SettingsError, again at each call."""
    settings = Settings.from_environment(os.environ)
    dynamodb = dynamodb_client()
    return compose(settings, connect(settings, dynamodb), partial(_connect_user_ports, settings, dynamodb))


class _Parts(NamedTuple):
    """The parts that endpoints share."""

    settings: Settings
    ports: Ports
    user_ports: Callable[[], UserPorts]
    confidential: Mapping[str, Method]
    anybody: Mapping[str, Method]
    access: RequestedAccess
    standings: Standings
    end: GrantEnd
    grants: Mapping[str, Grant]


def compose(settings: Settings, ports: Ports, user_ports: Callable[[], UserPorts]) -> Mapping[str, EndpointFactory]:
    """Return the factories of the endpoints by path; `user_ports` connects the ports of the endpoints for users."""
    access = RequestedAccess(ports.resource_servers)
    standings = Standings(ports.revocations, ports.clock)
    confidential = _confidential_methods(settings, ports)
    end = GrantEnd(ports.revocation_writer, horizon=settings.max_token_lifetime + settings.leeway)
    parts = _Parts(
        settings,
        ports,
        cache(user_ports),
        confidential=confidential,
        anybody=confidential | {"none": none},
        access=access,
        standings=standings,
        end=end,
        grants=_grants(settings, ports, access, standings, end),
    )
    composers: dict[str, Callable[[_Parts], Endpoint]] = {
        paths.TOKEN: _token,
        paths.REVOCATION: _revocation,
        paths.INTROSPECTION: _introspection,
        paths.JWKS: _jwks,
        paths.METADATA: _metadata,
        paths.OPENID_METADATA: _metadata,
        paths.AUTHORIZATION: _authorization,
        paths.USERINFO: _userinfo,
    }
    return {path: cache(partial(composer, parts)) for path, composer in composers.items()}


def _grants(
    settings: Settings, ports: Ports, access: RequestedAccess, standings: Standings, end: GrantEnd
) -> dict[str, Grant]:
    """Return the grants by grant_type."""
    issuance = TokenIssuance(settings, TokenSigner(ports.ring, ports.signer), ports.resource_servers)
    tokens = UserTokens(ports.grants, access, standings, issuance)
    return {
        "client_credentials": ClientCredentialsGrant(access, standings, issuance),
        "authorization_code": AuthorizationCodeGrant(ports.grants, tokens, end, ports.clock),
        "refresh_token": RefreshTokenGrant(ports.grants, tokens, end, ports.clock),
    }


def _token(parts: _Parts) -> Endpoint:
    return TokenEndpoint(_authenticator(parts.ports, parts.anybody, "token"), parts.grants)


# The composers below import: a sandbox that serves tokens alone pays for no other endpoint (P6).


def _revocation(parts: _Parts) -> Endpoint:
    from keyturn.jose.policy import MAX_LEEWAY
    from token_issuer.endpoints.revocation import RevocationEndpoint

    ports, settings = parts.ports, parts.settings
    return RevocationEndpoint(
        _authenticator(ports, parts.anybody, "revocation"),
        # Generous with time, so that a token that is good for the most lenient verifier can be ended.
        _own_tokens(parts, leeway=MAX_LEEWAY, until_exp=False),
        _own_grants(ports),
        parts.end,
        ports.revocation_writer,
        ports.clock,
        leeway=settings.leeway,
    )


def _introspection(parts: _Parts) -> Endpoint:
    from token_issuer.endpoints.introspection import IntrospectionEndpoint

    ports = parts.ports
    return IntrospectionEndpoint(
        _authenticator(ports, parts.confidential, "introspection"),
        parts.settings.issuer,
        _own_tokens(parts, leeway=parts.settings.leeway, until_exp=True),
        _own_grants(ports),
        ports.revocations,
        ports.clock,
    )


def _jwks(parts: _Parts) -> Endpoint:
    from token_issuer.endpoints.jwks import JwksEndpoint

    return JwksEndpoint(parts.ports.ring, max_age=parts.settings.jwks_max_age)


def _metadata(parts: _Parts) -> Endpoint:
    from token_issuer.endpoints.metadata import MetadataEndpoint

    settings = parts.settings
    return MetadataEndpoint(settings.issuer, parts.grants, list(parts.anybody), max_age=settings.jwks_max_age)


def _authorization(parts: _Parts) -> Endpoint:
    from token_issuer.user_bootstrap import authorization_endpoint

    return authorization_endpoint(parts.settings, parts.ports, parts.user_ports(), parts.access, parts.standings)


def _userinfo(parts: _Parts) -> Endpoint:
    from token_issuer.endpoints.userinfo import UserinfoEndpoint

    ports = parts.ports
    own_tokens = _own_tokens(parts, leeway=parts.settings.leeway, until_exp=True)
    return UserinfoEndpoint(own_tokens, ports.clients, ports.revocations, parts.user_ports().users, ports.clock)


def _own_tokens(parts: _Parts, *, leeway: int, until_exp: bool) -> OwnTokens:
    from token_issuer.own_tokens import OwnTokens

    return OwnTokens(parts.settings, parts.ports.ring, leeway=leeway, until_exp=until_exp)


def _own_grants(ports: Ports) -> OwnGrants:
    from token_issuer.own_grants import OwnGrants

    return OwnGrants(ports.grants, ports.revocations, ports.clock)


def _connect_user_ports(settings: Settings, dynamodb: DynamoDBClient) -> UserPorts:
    from token_issuer.user_bootstrap import connect_user_ports

    return connect_user_ports(settings, dynamodb)


def _authenticator(ports: Ports, methods: Mapping[str, Method], endpoint: str) -> ClientAuthenticator:
    return ClientAuthenticator(ports.clients, methods, ports.rates, endpoint=endpoint)


def _confidential_methods(settings: Settings, ports: Ports) -> dict[str, Method]:
    """Return the methods by which a client proves who it is, by their registered names (RFC 7591 §2)."""
    private_key_jwt = PrivateKeyJwt(
        ports.assertions,
        ports.clock,
        issuer=settings.issuer,
        token_endpoint=settings.issuer + paths.TOKEN,
        leeway=settings.leeway,
    )
    return {
        "client_secret_basic": client_secret_basic,
        "client_secret_post": client_secret_post,
        "private_key_jwt": private_key_jwt,
    }


def connect(settings: Settings, dynamodb: DynamoDBClient) -> Ports:
    """Return the ports on AWS; DynamoDB's answers set the clock."""
    clock = ServiceClock(dynamodb)
    rings = DynamoDbKeyRings(dynamodb, settings.key_ring_table)
    return Ports(
        ring=RingView(rings, clock.instant, max_age=settings.ring_view),
        signer=KmsSigner(kms_client()),
        clients=DynamoDbClients(dynamodb, settings.client_table),
        resource_servers=ResourceServerView(DynamoDbResourceServers(dynamodb, settings.client_table), clock.instant),
        revocations=DynamoDbRevocationReader(dynamodb, settings.revocation_table),
        revocation_writer=DynamoDbRevocationWriter(
            dynamodb,
            settings.revocation_table,
            clock,
            token_horizon=settings.max_token_lifetime + settings.leeway,
        ),
        grants=DynamoDbGrants(dynamodb, settings.grant_table),
        clock=clock,
        assertions=DynamoDbAssertions(dynamodb, settings.grant_table, lambda: clock.now().earliest),
        rates=DynamoDbRates(dynamodb, settings.grant_table, clock.estimate),
    )
