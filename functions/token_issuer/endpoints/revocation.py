"""The revocation endpoint (RFC 7009)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.domain.revocation import Revocation, Target, TargetKind
from keyturn.jose import VerifiedAccessToken
from token_issuer.client_authentication import ClientAuthenticator
from token_issuer.form import parse_form
from token_issuer.own_tokens import OwnTokens
from token_issuer.request import Request
from token_issuer.responses import Response, empty_response

if TYPE_CHECKING:
    from keyturn.ports import Clock, RevocationWriter


class RevocationEndpoint:
    """Ends a token at the wish of the client that it was issued to."""

    methods = ("POST",)
    cors = True

    def __init__(
        self,
        authenticator: ClientAuthenticator,
        tokens: OwnTokens,
        revocations: RevocationWriter,
        clock: Clock,
        *,
        leeway: int,
    ) -> None:
        """Take the ports, and the leeway in seconds for which every verifier still accepts an expired token."""
        self._authenticator = authenticator
        self._tokens = tokens
        self._revocations = revocations
        self._clock = clock
        self._leeway = leeway

    def respond(self, request: Request) -> Response:
        """Revoke the token, or do nothing about one that is unknown, expired or another client's: 200 either way.

        A stranger learns nothing from the answer (RFC 7009 §2.2). The token says itself of which kind it is, so that
        token_type_hint is not needed (§2.1).
        """
        form = parse_form(request)
        client = self._authenticator.authenticate(request, form)
        # The early end of the present: a token that anybody might still accept is not taken for expired.
        now = self._clock.now().earliest
        token = self._tokens.read(form.require("token"), request, now=now)
        if token is None or token.client_id != client.client_id or self._is_over(token, now):
            request.note(outcome="nothing_to_revoke")
            return empty_response()
        target = Target(TargetKind.TOKEN, token.jti)
        revocation = Revocation(target, expires_at=token.expires_at + self._leeway)
        self._revocations.revoke(revocation, reason="revocation_endpoint", actor=f"client:{client.client_id}")
        request.note(outcome="revoked")
        return empty_response()

    def _is_over(self, token: VerifiedAccessToken, now: float) -> bool:
        return token.expires_at + self._leeway <= now
