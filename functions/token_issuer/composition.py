"""Composes the endpoints over the ports. It knows no adapter; `bootstrap` connects the adapters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import TYPE_CHECKING, NamedTuple

from token_issuer import paths
from token_issuer.client_authentication import ClientAuthenticator
from token_issuer.client_authentication.client_secret_basic import client_secret_basic
from token_issuer.client_authentication.client_secret_post import client_secret_post
from token_issuer.client_authentication.credentials import Method
from token_issuer.client_authentication.none import none
from token_issuer.client_authentication.private_key_jwt import PrivateKeyJwt
from token_issuer.endpoints.endpoint import Endpoint
from token_issuer.endpoints.token import GrantHandler, TokenEndpoint
from token_issuer.grants.authorization_code import AuthorizationCodeGrant
from token_issuer.grants.checked_grant import CheckedGrants
from token_issuer.grants.client_credentials import ClientCredentialsGrant
from token_issuer.grants.refresh_token import RefreshTokenGrant
from token_issuer.grants.user_tokens import UserTokens
from token_issuer.issue_token import TokenIssuance
from token_issuer.issuer_ports import Ports, UserPorts
from token_issuer.requested_access import RequestedAccess
from token_issuer.revocation_check import RevocationChecks
from token_issuer.revoke_grant import GrantRevoker
from token_issuer.settings import IssuerSettings
from token_issuer.token_signer import TokenSigner

if TYPE_CHECKING:
    from token_issuer.presented_access_token import PresentedAccessTokens
    from token_issuer.presented_refresh_token import PresentedRefreshTokens

# Composes an endpoint at its first call, and returns the same endpoint at each later call.
EndpointFactory = Callable[[], Endpoint]


class _Parts(NamedTuple):
    """The parts that endpoints share."""

    settings: IssuerSettings
    ports: Ports
    user_ports: Callable[[], UserPorts]
    confidential_methods: Mapping[str, Method]
    all_methods: Mapping[str, Method]
    access: RequestedAccess
    checks: RevocationChecks
    revoker: GrantRevoker


def compose(
    settings: IssuerSettings, ports: Ports, user_ports: Callable[[], UserPorts]
) -> Mapping[str, EndpointFactory]:
    """Return the endpoint factories by path; `user_ports` connects the ports of the user endpoints when called."""
    confidential_methods = _confidential_methods(settings, ports)
    parts = _Parts(
        settings,
        ports,
        cache(user_ports),
        confidential_methods=confidential_methods,
        all_methods=confidential_methods | {"none": none},
        access=RequestedAccess(ports.resource_servers),
        checks=RevocationChecks(ports.revocations, ports.clock),
        revoker=GrantRevoker(ports.revocation_writer, token_lifetime=settings.max_token_lifetime + settings.leeway),
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


def _token(parts: _Parts) -> Endpoint:
    return TokenEndpoint(
        _authenticator(parts.ports, parts.all_methods, "token"),
        CheckedGrants(parts.ports.grants, parts.checks),
        _grant_handlers(parts),
    )


def _grant_handlers(parts: _Parts) -> dict[str, GrantHandler]:
    """Return a handler for each grant type that a client can be registered for."""
    ports = parts.ports
    signer = TokenSigner(ports.ring, ports.signer)
    issuance = TokenIssuance(parts.settings, signer, ports.resource_servers)
    tokens = UserTokens(parts.access, issuance)
    return {
        "client_credentials": ClientCredentialsGrant(parts.access, parts.checks, issuance),
        "authorization_code": AuthorizationCodeGrant(ports.grants, tokens, parts.revoker, ports.clock),
        "refresh_token": RefreshTokenGrant(ports.grants, tokens, parts.revoker, ports.clock, ports.successor_key),
    }


# The composers below import their endpoints: a sandbox that serves tokens alone does not load the others.


def _revocation(parts: _Parts) -> Endpoint:
    from keyturn.jose.policy import MAX_LEEWAY
    from token_issuer.endpoints.revocation import RevocationEndpoint

    ports, settings = parts.ports, parts.settings
    return RevocationEndpoint(
        _authenticator(ports, parts.all_methods, "revocation"),
        # The longest leeway: a token that the most lenient verifier still accepts can be revoked.
        tokens=_presented_access_tokens(parts, leeway=MAX_LEEWAY, until_exp=False),
        grants=_presented_refresh_tokens(ports),
        revoker=parts.revoker,
        revocations=ports.revocation_writer,
        clock=ports.clock,
        leeway=settings.leeway,
    )


def _introspection(parts: _Parts) -> Endpoint:
    from token_issuer.endpoints.introspection import IntrospectionEndpoint

    ports = parts.ports
    return IntrospectionEndpoint(
        _authenticator(ports, parts.confidential_methods, "introspection"),
        issuer=parts.settings.issuer,
        tokens=_presented_access_tokens(parts, leeway=parts.settings.leeway, until_exp=True),
        grants=_presented_refresh_tokens(ports),
        revocations=ports.revocations,
        clock=ports.clock,
    )


def _jwks(parts: _Parts) -> Endpoint:
    from token_issuer.endpoints.jwks import JwksEndpoint

    return JwksEndpoint(parts.ports.ring, max_age=parts.settings.jwks_max_age)


def _metadata(parts: _Parts) -> Endpoint:
    from token_issuer.endpoints.metadata import MetadataEndpoint

    settings = parts.settings
    return MetadataEndpoint(settings.issuer, list(parts.all_methods), max_age=settings.jwks_max_age)


def _authorization(parts: _Parts) -> Endpoint:
    from token_issuer.authorization_composition import authorization_endpoint

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


def _authenticator(ports: Ports, methods: Mapping[str, Method], endpoint: str) -> ClientAuthenticator:
    return ClientAuthenticator(ports.clients, methods, ports.rates, endpoint=endpoint)


def _confidential_methods(settings: IssuerSettings, ports: Ports) -> dict[str, Method]:
    """Return the methods of confidential clients by their registered names (RFC 7591 §2)."""
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
