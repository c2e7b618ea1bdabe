"""The revocation endpoint (RFC 7009)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.domain.clients.client import Client
from keyturn.domain.revocations.revocation import EXPIRY_MARGIN, Revocation, Target, TargetKind
from keyturn.jose import VerifiedAccessToken
from keyturn.web.form import parse_form
from keyturn.web.responses import Response, json_response
from token_issuer.client_authentication import ClientAuthenticator
from token_issuer.presented_access_token import PresentedAccessTokens
from token_issuer.presented_refresh_token import PresentedRefreshTokens
from token_issuer.request import IssuerRequest
from token_issuer.revoke_grant import GrantRevoker

if TYPE_CHECKING:
    from keyturn.ports import Clock, RevocationWriter


_REASON = "revocation_endpoint"


class RevocationEndpoint:
    """Revokes a token for the client that it was issued to.

    `leeway` is how long every verifier still accepts an expired token, in seconds.
    """

    methods = ("POST",)

    def __init__(
        self,
        authenticator: ClientAuthenticator,
        *,
        tokens: PresentedAccessTokens,
        grants: PresentedRefreshTokens,
        revoker: GrantRevoker,
        revocations: RevocationWriter,
        clock: Clock,
        leeway: int,
    ) -> None:
        self._authenticator = authenticator
        self._tokens = tokens
        self._grants = grants
        self._revoker = revoker
        self._revocations = revocations
        self._clock = clock
        self._leeway = leeway

    def respond(self, request: IssuerRequest) -> Response:
        """Revoke the token and return 200; an unknown, an expired and another client's token get 200 without a change.

        The response shows nothing of such a token. A token shows its own type, so that token_type_hint is not
        needed (RFC 7009 §2.1).
        """
        form = parse_form(request)
        client = self._authenticator.authenticate(request, form)
        value = form.require("token")
        done = self._revoke_access_token(client, value, request) or self._revoke_grant(client, value, request)
        request.note(outcome="revoked" if done else "nothing_to_revoke")
        # Clients ignore the body (RFC 7009 §2.2), but some parse it first, and one refuses any type but JSON.
        return json_response({})

    def _revoke_access_token(self, client: Client, value: str, request: IssuerRequest) -> bool:
        # The early end of the present: a token that a verifier may still accept has not expired.
        token = self._tokens.read(value, request, now=lambda: self._clock.now().earliest)
        if token is None or token.client_id != client.client_id or self._is_over(token, self._clock.now().earliest):
            return False
        target = Target.of(TargetKind.TOKEN, token.jti)
        revocation = Revocation(target, expires_at=token.expires_at + self._leeway + EXPIRY_MARGIN)
        self._revocations.revoke(revocation, reason=_REASON, actor=f"client:{client.client_id}")
        return True

    def _revoke_grant(self, client: Client, value: str, request: IssuerRequest) -> bool:
        """Revoke the grant of a current or earlier refresh token, with all of its tokens (RFC 7009 §2.1)."""
        found = self._grants.find(value, client)
        if found is None:
            return False
        request.note(gid=found.grant.gid)
        self._revoker.revoke(found.grant, reason=_REASON, actor=f"client:{client.client_id}")
        return True

    def _is_over(self, token: VerifiedAccessToken, now: float) -> bool:
        return token.expires_at + self._leeway <= now
