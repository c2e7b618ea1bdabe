"""Verifies an access token that is presented to the issuer: at revocation, introspection and userinfo."""

from __future__ import annotations

from collections.abc import Callable

from keyturn.domain.keys.key_ring import SIGNING_ALGORITHMS
from keyturn.jose import (
    ANY_AUDIENCE,
    TokenError,
    TokenErrorReason,
    VerificationPolicy,
    VerifiedAccessToken,
    verify_access_token,
)
from keyturn.web.request import Request
from token_issuer.key_ring_cache import KeyRingCache
from token_issuer.settings import IssuerSettings


class PresentedAccessTokens:
    """Verifies access tokens of this issuer for any audience: the issuer is not one of their resource servers.

    Tokens of its previous names are its own too. `leeway` is in seconds. `until_exp` applies no leeway to the expiry.
    """

    def __init__(self, settings: IssuerSettings, ring: KeyRingCache, *, leeway: int, until_exp: bool) -> None:
        self._ring = ring
        self._until_exp = until_exp
        self._policy = VerificationPolicy(
            issuer=settings.issuer,
            previous_issuers=settings.previous_issuers,  # their tokens live on, and can be revoked
            audiences=ANY_AUDIENCE,
            algorithms=frozenset(SIGNING_ALGORITHMS),
            leeway=leeway,
            max_lifetime=settings.max_token_lifetime,
        )

    def read(self, raw: str, request: Request, *, now: Callable[[], float]) -> VerifiedAccessToken | None:
        """Return the token if this issuer issued it and it has not expired, else None, and log the reason.

        `now` returns seconds. It is called after the keys are read: the first read may be what sets the clock.
        """
        keys = self._ring.keys()
        present = now()
        try:
            token = verify_access_token(raw, keys, self._policy, present)
            if self._until_exp and token.expires_at <= present:
                raise TokenError(TokenErrorReason.TOKEN_EXPIRED)
        except TokenError as error:
            request.note(reason=error.reason.value)
            return None
        request.note(jti=token.jti, kid=token.kid)
        return token
