"""The introspection endpoint (RFC 7662)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keyturn.domain.client import Client
from keyturn.domain.revocation import is_revoked, targets_of
from keyturn.domain.scope import format_scope
from keyturn.jose import VerifiedAccessToken
from token_issuer.client_authentication import ClientAuthenticator
from token_issuer.form import parse_form
from token_issuer.own_tokens import OwnTokens
from token_issuer.request import Request
from token_issuer.responses import Response, json_response

if TYPE_CHECKING:
    from keyturn.ports import Clock, RevocationReader


class IntrospectionEndpoint:
    """Tells a client about a token of its own, or one for a resource server that it speaks for."""

    methods = ("POST",)
    cors = False  # resource servers ask, and they are no web pages

    def __init__(
        self, authenticator: ClientAuthenticator, tokens: OwnTokens, revocations: RevocationReader, clock: Clock
    ) -> None:
        """Take the ports."""
        self._authenticator = authenticator
        self._tokens = tokens
        self._revocations = revocations
        self._clock = clock

    def respond(self, request: Request) -> Response:
        """Return the token's claims if it is active, else exactly {"active": false}, whatever the reason (R48)."""
        form = parse_form(request)
        client = self._authenticator.authenticate(request, form)
        token = self._tokens.read(form.require("token"), request, now=self._clock.now().latest)
        if token is None or not _may_see(client, token) or self._is_revoked(token):
            request.note(outcome="inactive")
            return json_response({"active": False})
        request.note(outcome="active")
        return json_response(_describe(token))

    def _is_revoked(self, token: VerifiedAccessToken) -> bool:
        found = self._revocations.find(targets_of(token))
        # The early end of the present: a revocation that might still count is not taken for forgotten.
        return is_revoked(token, found, self._clock.now().earliest)


def _may_see(client: Client, token: VerifiedAccessToken) -> bool:
    return token.client_id == client.client_id or not client.introspects.isdisjoint(token.audience)


def _describe(token: VerifiedAccessToken) -> dict[str, Any]:
    """Return the answer about an active token (RFC 7662 §2.2)."""
    return {
        "active": True,
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
