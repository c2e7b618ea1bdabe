"""The composition root: settings → adapters → endpoints, once per cold start."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from keyturn.adapters.aws_client import dynamodb_client, kms_client
from keyturn.adapters.dynamodb_assertions import DynamoDbAssertions
from keyturn.adapters.dynamodb_clients import DynamoDbClients
from keyturn.adapters.dynamodb_grants import DynamoDbGrants
from keyturn.adapters.dynamodb_key_ring import DynamoDbKeyRings
from keyturn.adapters.dynamodb_rates import DynamoDbRates
from keyturn.adapters.dynamodb_resource_servers import DynamoDbResourceServers
from keyturn.adapters.dynamodb_revocations import DynamoDbRevocationReader, DynamoDbRevocationWriter
from keyturn.adapters.interactions.dynamodb_interaction_opener import DynamoDbInteractionOpener
from keyturn.adapters.kms_signer import KmsSigner
from keyturn.adapters.service_clock import ServiceClock
from keyturn.adapters.sessions.dynamodb_session_reader import DynamoDbSessionReader
from keyturn.adapters.users.dynamodb_user_readers import (
    DynamoDbAuthorityReader,
    DynamoDbConsentReader,
    DynamoDbUserReader,
)
from keyturn.jose.policy import MAX_LEEWAY
from keyturn.web.cookie import BROWSER_COOKIE, Cookie
from keyturn.web.form_guard import FormGuard
from token_issuer.client_authentication import ClientAuthenticator
from token_issuer.client_authentication.client_secret_basic import client_secret_basic
from token_issuer.client_authentication.client_secret_post import client_secret_post
from token_issuer.client_authentication.credentials import Method
from token_issuer.client_authentication.none import none
from token_issuer.client_authentication.private_key_jwt import PrivateKeyJwt
from token_issuer.code_issuance import CodeIssuance
from token_issuer.current_user import CurrentUsers
from token_issuer.endpoints import metadata
from token_issuer.endpoints.authorization import AuthorizationEndpoint
from token_issuer.endpoints.endpoint import Endpoint
from token_issuer.endpoints.introspection import IntrospectionEndpoint
from token_issuer.endpoints.jwks import JwksEndpoint
from token_issuer.endpoints.metadata import MetadataEndpoint
from token_issuer.endpoints.revocation import RevocationEndpoint
from token_issuer.endpoints.token import Grant, TokenEndpoint
from token_issuer.endpoints.userinfo import UserinfoEndpoint
from token_issuer.grant_end import GrantEnd
from token_issuer.grants.authorization_code import AuthorizationCodeGrant
from token_issuer.grants.client_credentials import ClientCredentialsGrant
from token_issuer.grants.refresh_token import RefreshTokenGrant
from token_issuer.grants.user_tokens import UserTokens
from token_issuer.id_token_hint import IdTokenHints
from token_issuer.interaction_flow import AUTHORIZATION_PATH, InteractionFlow
from token_issuer.issue_token import TokenIssuance
from token_issuer.own_grants import OwnGrants
from token_issuer.own_tokens import OwnTokens
from token_issuer.requested_access import RequestedAccess
from token_issuer.resource_server_view import ResourceServerView
from token_issuer.ring_view import RingView
from token_issuer.settings import Settings
from token_issuer.standing import Standings
from token_issuer.token_signer import TokenSigner

if TYPE_CHECKING:
    from keyturn.ports import (
        AssertionLog,
        AuthorityReader,
        ClientReader,
        Clock,
        ConsentReader,
        GrantStore,
        InteractionOpener,
        RateCounter,
        RevocationReader,
        RevocationWriter,
        SessionReader,
        Signer,
        UserReader,
    )


class Ports(NamedTuple):
    """The outside world as the issuer needs it."""

    ring: RingView
    signer: Signer
    clients: ClientReader
    resource_servers: ResourceServerView
    revocations: RevocationReader
    revocation_writer: RevocationWriter
    grants: GrantStore
    clock: Clock
    assertions: AssertionLog
    rates: RateCounter
    users: UserReader
    authorities: AuthorityReader
    consents: ConsentReader
    sessions: SessionReader
    interactions: InteractionOpener


@cache
def bootstrap() -> Mapping[str, Endpoint]:
    """Return the endpoints that the environment describes; raises SettingsError, again at each call."""
    settings = Settings.from_environment(os.environ)
    return compose(settings, connect(settings))


def compose(settings: Settings, ports: Ports) -> Mapping[str, Endpoint]:
    """Return the endpoints by their path."""
    confidential = _confidential_methods(settings, ports)
    anybody = confidential | {"none": none}
    access = RequestedAccess(ports.resource_servers)
    standings = Standings(ports.revocations, ports.clock)
    issuance = TokenIssuance(settings, TokenSigner(ports.ring, ports.signer), ports.resource_servers)
    end = GrantEnd(ports.revocation_writer, horizon=settings.max_token_lifetime + settings.leeway)
    own_grants = OwnGrants(ports.grants, ports.revocations, ports.clock)
    own_tokens = OwnTokens(settings, ports.ring, leeway=settings.leeway, until_exp=True)
    tokens = UserTokens(ports.grants, access, standings, issuance)
    grants: dict[str, Grant] = {
        "client_credentials": ClientCredentialsGrant(access, standings, issuance),
        "authorization_code": AuthorizationCodeGrant(ports.grants, tokens, end, ports.clock),
        "refresh_token": RefreshTokenGrant(ports.grants, tokens, end, ports.clock),
    }
    server_metadata = MetadataEndpoint(settings.issuer, grants, list(anybody), max_age=settings.jwks_max_age)
    return {
        metadata.TOKEN_PATH: TokenEndpoint(_authenticator(ports, anybody, "token"), grants),
        metadata.REVOCATION_PATH: RevocationEndpoint(
            _authenticator(ports, anybody, "revocation"),
            # Generous with time, so that a token that is good for the most lenient verifier can be ended.
            OwnTokens(settings, ports.ring, leeway=MAX_LEEWAY, until_exp=False),
            own_grants,
            end,
            ports.revocation_writer,
            ports.clock,
            leeway=settings.leeway,
        ),
        metadata.INTROSPECTION_PATH: IntrospectionEndpoint(
            _authenticator(ports, confidential, "introspection"),
            settings.issuer,
            own_tokens,
            own_grants,
            ports.revocations,
            ports.clock,
        ),
        metadata.JWKS_PATH: JwksEndpoint(ports.ring, max_age=settings.jwks_max_age),
        metadata.METADATA_PATH: server_metadata,
        metadata.OPENID_METADATA_PATH: server_metadata,
        AUTHORIZATION_PATH: _authorization_endpoint(settings, ports, access, standings),
        metadata.USERINFO_PATH: UserinfoEndpoint(
            own_tokens, ports.clients, ports.revocations, ports.users, ports.clock
        ),
    }


def _authorization_endpoint(
    settings: Settings, ports: Ports, access: RequestedAccess, standings: Standings
) -> AuthorizationEndpoint:
    browser = FormGuard(Cookie(BROWSER_COOKIE, secure=settings.is_secure))
    users = CurrentUsers(ports.sessions, ports.authorities, ports.consents, standings, secure=settings.is_secure)
    codes = CodeIssuance(ports.grants, ports.sessions)
    return AuthorizationEndpoint(
        settings.issuer,
        ports.clients,
        access,
        IdTokenHints(settings.issuer, ports.ring),
        InteractionFlow(ports.interactions, users, codes, browser, ports.clock),
        browser=browser,
    )


def _authenticator(ports: Ports, methods: Mapping[str, Method], endpoint: str) -> ClientAuthenticator:
    return ClientAuthenticator(ports.clients, methods, ports.rates, endpoint=endpoint)


def _confidential_methods(settings: Settings, ports: Ports) -> dict[str, Method]:
    """Return the methods by which a client proves who it is, by their registered names (RFC 7591 §2)."""
    private_key_jwt = PrivateKeyJwt(
        ports.assertions,
        ports.clock,
        issuer=settings.issuer,
        token_endpoint=settings.issuer + metadata.TOKEN_PATH,
        leeway=settings.leeway,
    )
    return {
        "client_secret_basic": client_secret_basic,
        "client_secret_post": client_secret_post,
        "private_key_jwt": private_key_jwt,
    }


def connect(settings: Settings) -> Ports:
    """Return the ports on AWS; DynamoDB's answers set the clock."""
    dynamodb = dynamodb_client()
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
        grants=DynamoDbGrants(dynamodb, settings.grant_table, settings.interaction_table),
        clock=clock,
        assertions=DynamoDbAssertions(dynamodb, settings.grant_table, lambda: clock.now().earliest),
        rates=DynamoDbRates(dynamodb, settings.grant_table, clock.estimate),
        users=DynamoDbUserReader(dynamodb, settings.user_table),
        authorities=DynamoDbAuthorityReader(dynamodb, settings.authority_table),
        consents=DynamoDbConsentReader(dynamodb, settings.user_table),
        sessions=DynamoDbSessionReader(dynamodb, settings.session_table),
        interactions=DynamoDbInteractionOpener(dynamodb, settings.interaction_table),
    )
