"""The introspection endpoint (RFC 7662)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keyturn.domain.access.scope import format_scope
from keyturn.domain.clients.client import Client
from keyturn.domain.revocations.revocation import is_revoked, targets_of
from keyturn.jose import VerifiedAccessToken
from keyturn.web.form import parse_form
from keyturn.web.responses import Response, json_response
from token_issuer.client_authentication import ClientAuthenticator
from token_issuer.presented_access_token import PresentedAccessTokens
from token_issuer.presented_refresh_token import PresentedRefreshTokens
from token_issuer.request import IssuerRequest

if TYPE_CHECKING:
    from keyturn.ports import Clock, RevocationReader


class IntrospectionEndpoint:
    """Describes a token to its client, and to a client that represents one of the token's resource servers."""

    methods = ("POST",)

    def __init__(
        self,
        authenticator: ClientAuthenticator,
        *,
        issuer: str,
        tokens: PresentedAccessTokens,
        grants: PresentedRefreshTokens,
        revocations: RevocationReader,
        clock: Clock,
    ) -> None:
        self._authenticator = authenticator
        self._issuer = issuer
        self._tokens = tokens
        self._grants = grants
        self._revocations = revocations
        self._clock = clock

    def respond(self, request: IssuerRequest) -> Response:
        """Return the token's claims if it is active, else exactly {"active": false}, whatever the reason."""
        form = parse_form(request)
        client = self._authenticator.authenticate(request, form)
        value = form.require("token")
        described = self._describe_access_token(client, value, request)
        if described is None:
            described = self._describe_refresh_token(client, value)
        request.note(outcome="inactive" if described is None else "active")
        return json_response({"active": False} if described is None else {"active": True} | described)

    def _describe_access_token(self, client: Client, value: str, request: IssuerRequest) -> dict[str, Any] | None:
        token = self._tokens.read(value, request, now=lambda: self._clock.now().latest)
        if token is None or not _may_see(client, token) or self._is_revoked(token):
            return None
        return _describe(token)

    def _describe_refresh_token(self, client: Client, value: str) -> dict[str, Any] | None:
        found = self._grants.find(value, client)
        if found is None or not self._grants.is_active(found, client):
            return None
        return {
            "scope": format_scope(found.grant.scope),
            "client_id": found.grant.client_id,
            "exp": min(found.refresh.idle_expires_at, found.refresh.expires_at),
            "iat": found.refresh.rotated_at or found.grant.created_at,
            "sub": found.grant.subject,
            "aud": found.grant.audience,
            "iss": self._issuer,
        }

    def _is_revoked(self, token: VerifiedAccessToken) -> bool:
        # The early end of the present before the read: a revocation that may still apply has not expired, however long
        # the store takes to answer.
        now = self._clock.now().earliest
        return is_revoked(token, self._revocations.find(targets_of(token)), now)


def _may_see(client: Client, token: VerifiedAccessToken) -> bool:
    return token.client_id == client.client_id or not client.introspects.isdisjoint(token.audience)


def _describe(token: VerifiedAccessToken) -> dict[str, Any]:
    """Return the response about an active token (RFC 7662 §2.2)."""
    return {
        "scope": format_scope(token.scope),
        "client_id": token.client_id,
        "token_type": "Bearer",
        "exp": token.expires_at,
        "iat": token.issued_at,
        "sub": token.subject,
        "aud": token.claims["aud"],
        "iss": token.issuer,
        "jti": token.jti,
    }
