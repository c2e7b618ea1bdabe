"""Issues access tokens (RFC 9068): their claims, their lifetimes and their issue times."""

from __future__ import annotations

import math
import secrets
from collections.abc import Mapping, Set
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

from keyturn.domain.access.scope import format_scope
from keyturn.domain.clients.client import Client
from keyturn.domain.clients.resource_server import ResourceServer
from keyturn.domain.keys.key_ring import DEFAULT_RING
from keyturn.domain.revocations.revocation import ends_grant
from keyturn.issue_time import RevocationCheck
from keyturn.jose.jws_encoder import encode_id_token
from token_issuer.errors import InvalidGrant
from token_issuer.settings import IssuerSettings
from token_issuer.token_signer import TokenSigner

if TYPE_CHECKING:
    from keyturn.ports import ResourceServerReader

_JTI_BYTES = 16  # 128 random bits; a UUID has 122 (ASVS 11.5.1)


class Authorization(NamedTuple):
    """The subject, client, resource server and scope of a token.

    A revocation can also name `grant_id` or `session_id`. `granted_at` is the service time of the grant in seconds:
    cutoffs of the user or client are compared with it. `auth_time` in seconds, `acr` and `amr` describe the
    user's authentication (RFC 9068 §2.2.1). `claims` are the subject's values of custom claims.
    """

    subject: str
    client: Client
    audience: str
    scope: frozenset[str]
    grant_id: str | None = None
    granted_at: int | None = None
    session_id: str | None = None
    auth_time: int | None = None
    acr: str | None = None
    amr: tuple[str, ...] = ()
    claims: Mapping[str, Any] = {}


class IssuedToken(NamedTuple):
    """An access token, the data of its response and log line, and the tokens beside it; `expires_in` in seconds."""

    value: str
    jti: str
    kid: str
    expires_in: int
    scope: str
    id_token: str | None = None
    refresh_token: str | None = None


class TokenIssuance:
    """Issues access tokens and ID tokens."""

    def __init__(self, settings: IssuerSettings, signer: TokenSigner, resource_servers: ResourceServerReader) -> None:
        self._settings = settings
        self._signer = signer
        self._resource_servers = resource_servers

    def issue(
        self,
        authorization: Authorization,
        check: RevocationCheck,
        *,
        id_token: bool = False,
        nonce: str | None = None,
    ) -> IssuedToken:
        """Return a signed access token with every claim of RFC 9068 §2.2; `id_token` adds an ID token (OIDC Core §2).

        `check` is the revocation check of the authorization's subject, client, grant and session. Raises InvalidGrant
        for a revoked grant or session, TokenTooLarge, and what the ports raise.
        """
        server = self._resource_servers.get(authorization.audience)
        if ends_grant(check.found, authorization.granted_at):
            raise InvalidGrant("the grant was revoked")
        # The early end of the present: every later revocation cutoff applies to the token.
        issued_at = math.floor(check.since.earliest)
        lifetime = self._lifetime(authorization.client, server)
        jti = secrets.token_urlsafe(_JTI_BYTES)
        scope = format_scope(authorization.scope)
        # Custom claims come first, so that they cannot replace a standard claim.
        claims = _custom_claims(authorization, server) | {
            "iss": self._settings.issuer,
            "sub": authorization.subject,
            "aud": authorization.audience,
            "exp": issued_at + lifetime,
            "iat": issued_at,
            "jti": jti,
            "client_id": authorization.client.client_id,
            "scope": scope,
            **_grant_claims(authorization),
        }
        compromised = frozenset[str]().union(*(each.compromised_kids for each in check.found))
        ring = self._ring(authorization.audience, server)
        with ThreadPoolExecutor(1) as executor:
            # Both signatures at once: each is a call of KMS.
            second = executor.submit(self._id_token, claims, authorization, nonce, compromised) if id_token else None
            signed = self._signer.sign(claims, ring=ring, compromised_kids=compromised)
            identity = None if second is None else second.result()
        return IssuedToken(
            value=signed.value, jti=jti, kid=signed.kid, expires_in=lifetime, scope=scope, id_token=identity
        )

    def _id_token(
        self, access: dict[str, Any], authorization: Authorization, nonce: str | None, compromised: Set[str]
    ) -> str:
        """Return the ID token for an access token with these claims, signed by the default ring."""
        claims = {name: access[name] for name in ("iss", "sub", "exp", "iat")} | {
            "aud": authorization.client.client_id,
            **_grant_claims(authorization),
        }
        del claims["gid"]
        if nonce is not None:
            claims["nonce"] = nonce
        return self._signer.sign(claims, ring=DEFAULT_RING, compromised_kids=compromised, encode=encode_id_token).value

    def _lifetime(self, client: Client, server: ResourceServer | None) -> int:
        """Return the shortest configured lifetime in seconds, at most the maximum that verifiers accept."""
        configured = (client.access_token_lifetime, server.access_token_lifetime if server is not None else None)
        shortest = min((each for each in configured if each is not None), default=self._settings.access_token_lifetime)
        return min(shortest, self._settings.max_token_lifetime)

    def _ring(self, audience: str, server: ResourceServer | None) -> str:
        """Return the name of the audience's ring: its registration takes precedence over the settings."""
        if server is not None and server.algorithm is not None:
            return server.algorithm
        return self._settings.audience_algorithms.get(audience, DEFAULT_RING)


def _grant_claims(authorization: Authorization) -> dict[str, Any]:
    """Return the claims of the grant, the session and the user's authentication that have a value."""
    claims = {
        "gid": authorization.grant_id,
        "sid": authorization.session_id,
        "auth_time": authorization.auth_time,
        "acr": authorization.acr,
        "amr": list(authorization.amr) or None,
    }
    return {name: value for name, value in claims.items() if value is not None}


def _custom_claims(authorization: Authorization, server: ResourceServer | None) -> dict[str, Any]:
    """Return the subject's claims that the resource server declares."""
    values = authorization.claims
    return {name: values[name] for name in sorted(server.claims if server is not None else ()) if name in values}
