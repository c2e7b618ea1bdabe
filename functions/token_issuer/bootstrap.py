"""The composition root: settings → adapters → endpoints, once per cold start."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import TYPE_CHECKING, NamedTuple

from keyturn.adapters.aws.client import dynamodb_client, kms_client
from keyturn.adapters.aws.service_clock import ServiceClock
from keyturn.adapters.clients.dynamodb_clients import DynamoDbClients
from keyturn.adapters.clients.dynamodb_resource_servers import DynamoDbResourceServers
from keyturn.adapters.grants.dynamodb_assertions import DynamoDbAssertions
from keyturn.adapters.grants.dynamodb_grants import DynamoDbGrants
from keyturn.adapters.grants.dynamodb_rates import DynamoDbRates
from keyturn.adapters.keys.dynamodb_key_ring import DynamoDbKeyRings
from keyturn.adapters.keys.kms_signer import KmsSigner
from keyturn.adapters.revocations.dynamodb_revocations import DynamoDbRevocationReader, DynamoDbRevocationWriter
from token_issuer import paths
from token_issuer.client_authentication import ClientAuthenticator
from token_issuer.client_authentication.client_secret_basic import client_secret_basic
from token_issuer.client_authentication.client_secret_post import client_secret_post
from token_issuer.client_authentication.credentials import Method
from token_issuer.client_authentication.none import none
from token_issuer.client_authentication.private_key_jwt import PrivateKeyJwt
from token_issuer.endpoints.endpoint import Endpoint
from token_issuer.endpoints.token import GrantHandler, TokenEndpoint
from token_issuer.grant_revocation import GrantRevoker
from token_issuer.grants.authorization_code import AuthorizationCodeGrant
from token_issuer.grants.client_credentials import ClientCredentialsGrant
from token_issuer.grants.refresh_token import RefreshTokenGrant
from token_issuer.grants.user_tokens import UserTokens
from token_issuer.issue_token import TokenIssuance
from token_issuer.issuer_ports import Ports, UserPorts
from token_issuer.key_ring_cache import KeyRingCache
from token_issuer.requested_access import RequestedAccess
from token_issuer.resource_server_cache import ResourceServerCache
from token_issuer.revocation_check import RevocationChecks
from token_issuer.settings import IssuerSettings
from token_issuer.token_signer import TokenSigner

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from token_issuer.presented_access_token import PresentedAccessTokens
    from token_issuer.presented_refresh_token import PresentedRefreshTokens

# Composes an endpoint at its first call, and returns the same one from then on.
EndpointFactory = Callable[[], Endpoint]


@cache
def bootstrap() -> Mapping[str, EndpointFactory]:
    """Return the endpoints that the environment describes; raises SettingsError, again at each call."""
    settings = IssuerSettings.from_environment(os.environ)
    dynamodb = dynamodb_client()
    return compose(settings, connect(settings, dynamodb), partial(_connect_user_ports, settings, dynamodb))


class _Parts(NamedTuple):
    """The parts that endpoints share."""

    settings: IssuerSettings
    ports: Ports
    user_ports: Callable[[], UserPorts]
    confidential: Mapping[str, Method]
    anybody: Mapping[str, Method]
    access: RequestedAccess
    checks: RevocationChecks
    end: GrantRevoker
    grants: Mapping[str, GrantHandler]


def compose(
    settings: IssuerSettings, ports: Ports, user_ports: Callable[[], UserPorts]
) -> Mapping[str, EndpointFactory]:
    """Return the factories of the endpoints by path; `user_ports` connects the ports of the endpoints for users."""
    access = RequestedAccess(ports.resource_servers)
    checks = RevocationChecks(ports.revocations, ports.clock)
    confidential = _confidential_methods(settings, ports)
    end = GrantRevoker(ports.revocation_writer, horizon=settings.max_token_lifetime + settings.leeway)
    parts = _Parts(
        settings,
        ports,
        cache(user_ports),
        confidential=confidential,
        anybody=confidential | {"none": none},
        access=access,
        checks=checks,
        end=end,
        grants=_grants(settings, ports, access, checks, end),
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
    settings: IssuerSettings,
    ports: Ports,
    access: RequestedAccess,
    checks: RevocationChecks,
    end: GrantRevoker,
) -> dict[str, GrantHandler]:
    """Return the grants by grant_type."""
    issuance = TokenIssuance(settings, TokenSigner(ports.ring, ports.signer), ports.resource_servers)
    tokens = UserTokens(ports.grants, access, checks, issuance)
    return {
        "client_credentials": ClientCredentialsGrant(access, checks, issuance),
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
        _presented_access_tokens(parts, leeway=MAX_LEEWAY, until_exp=False),
        _presented_refresh_tokens(ports),
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
        _presented_access_tokens(parts, leeway=parts.settings.leeway, until_exp=True),
        _presented_refresh_tokens(ports),
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

    return authorization_endpoint(parts.settings, parts.ports, parts.user_ports(), parts.access, parts.checks)


def _userinfo(parts: _Parts) -> Endpoint:
    from token_issuer.endpoints.userinfo import UserinfoEndpoint

    ports = parts.ports
    tokens = _presented_access_tokens(parts, leeway=parts.settings.leeway, until_exp=True)
    return UserinfoEndpoint(tokens, ports.clients, ports.revocations, parts.user_ports().users, ports.clock)


def _presented_access_tokens(parts: _Parts, *, leeway: int, until_exp: bool) -> PresentedAccessTokens:
    from token_issuer.presented_access_token import PresentedAccessTokens

    return PresentedAccessTokens(parts.settings, parts.ports.ring, leeway=leeway, until_exp=until_exp)


def _presented_refresh_tokens(ports: Ports) -> PresentedRefreshTokens:
    from token_issuer.presented_refresh_token import PresentedRefreshTokens

    return PresentedRefreshTokens(ports.grants, ports.revocations, ports.clock)


def _connect_user_ports(settings: IssuerSettings, dynamodb: DynamoDBClient) -> UserPorts:
    from token_issuer.user_bootstrap import connect_user_ports

    return connect_user_ports(settings, dynamodb)


def _authenticator(ports: Ports, methods: Mapping[str, Method], endpoint: str) -> ClientAuthenticator:
    return ClientAuthenticator(ports.clients, methods, ports.rates, endpoint=endpoint)


def _confidential_methods(settings: IssuerSettings, ports: Ports) -> dict[str, Method]:
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


def connect(settings: IssuerSettings, dynamodb: DynamoDBClient) -> Ports:
    """Return the ports on AWS; DynamoDB's answers set the clock."""
    clock = ServiceClock(dynamodb)
    rings = DynamoDbKeyRings(dynamodb, settings.key_ring_table)
    return Ports(
        ring=KeyRingCache(rings, clock.instant, max_age=settings.ring_view),
        signer=KmsSigner(kms_client()),
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
    )
