"""The revocation endpoint (RFC 7009)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.domain.clients.client import Client
from keyturn.domain.revocations.revocation import EXPIRY_MARGIN, Revocation, Target, TargetKind
from keyturn.jose import VerifiedAccessToken
from keyturn.web.form import parse_form
from keyturn.web.responses import Response, empty_response
from token_issuer.client_authentication import ClientAuthenticator
from token_issuer.grant_revocation import GrantRevoker
from token_issuer.presented_access_token import PresentedAccessTokens
from token_issuer.presented_refresh_token import PresentedRefreshTokens
from token_issuer.request import IssuerRequest

if TYPE_CHECKING:
    from keyturn.ports import Clock, RevocationWriter


_REASON = "revocation_endpoint"


class RevocationEndpoint:
    """Ends a token at the wish of the client that it was issued to."""

    methods = ("POST",)
    cors = True

    def __init__(
        self,
        authenticator: ClientAuthenticator,
        tokens: PresentedAccessTokens,
        grants: PresentedRefreshTokens,
        end: GrantRevoker,
        revocations: RevocationWriter,
        clock: Clock,
        *,
        leeway: int,
    ) -> None:
        """Take the ports, and the leeway in seconds for which every verifier still accepts an expired token."""
        self._authenticator = authenticator
        self._tokens = tokens
        self._grants = grants
        self._end = end
        self._revocations = revocations
        self._clock = clock
        self._leeway = leeway

    def respond(self, request: IssuerRequest) -> Response:
        """Revoke the token, or do nothing about one that is unknown, expired or another client's: 200 either way.

        A stranger learns nothing from the answer (R46). The token says itself of which kind it is, so that
        token_type_hint is not needed (RFC 7009 §2.1).
        """
        form = parse_form(request)
        client = self._authenticator.authenticate(request, form)
        value = form.require("token")
        done = self._revoke_access_token(client, value, request) or self._end_grant(client, value, request)
        request.note(outcome="revoked" if done else "nothing_to_revoke")
        return empty_response()

    def _revoke_access_token(self, client: Client, value: str, request: IssuerRequest) -> bool:
        # The early end of the present: a token that anybody might still accept is not taken for expired.
        token = self._tokens.read(value, request, now=lambda: self._clock.now().earliest)
        if token is None or token.client_id != client.client_id or self._is_over(token, self._clock.now().earliest):
            return False
        target = Target(TargetKind.TOKEN, token.jti)
        revocation = Revocation(target, expires_at=token.expires_at + self._leeway + EXPIRY_MARGIN)
        self._revocations.revoke(revocation, reason=_REASON, actor=f"client:{client.client_id}")
        return True

    def _end_grant(self, client: Client, value: str, request: IssuerRequest) -> bool:
        """End the grant of a refresh token, current or not: all of its refresh and access tokens (§2.1)."""
        found = self._grants.find(value, client)
        if found is None:
            return False
        request.note(gid=found.grant.gid)
        self._end.end(found.grant, reason=_REASON, actor=f"client:{client.client_id}")
        return True

    def _is_over(self, token: VerifiedAccessToken, now: float) -> bool:
        return token.expires_at + self._leeway <= now
