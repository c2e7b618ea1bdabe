"""Reads a token that a client presents about itself: at revocation (RFC 7009) and introspection (RFC 7662)."""

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
    """Verifies access tokens of this issuer for any audience: the issuer is none of their resource servers."""

    def __init__(self, settings: IssuerSettings, ring: KeyRingCache, *, leeway: int, until_exp: bool) -> None:
        """Take the issuer's identity, its keys, the leeway in seconds, and whether that does not count at the end."""
        self._ring = ring
        self._until_exp = until_exp
        self._policy = VerificationPolicy(
            issuer=settings.issuer,
            audiences=ANY_AUDIENCE,
            algorithms=frozenset(SIGNING_ALGORITHMS),
            leeway=leeway,
            max_lifetime=settings.max_token_lifetime,
        )

    def read(self, raw: str, request: Request, *, now: Callable[[], float]) -> VerifiedAccessToken | None:
        """Return the token if it is one of ours and in time, else None; the log learns why.

        `now` returns seconds, and is called when the keys are there: a first read of them may be what tells the time.
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
