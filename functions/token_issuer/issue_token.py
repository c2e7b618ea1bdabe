"""Issues access tokens (RFC 9068): which claims they carry, and from when they count."""

from __future__ import annotations

import math
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from keyturn.domain.errors import StoreUnavailable
from keyturn.domain.key_ring import DEFAULT_RING
from keyturn.domain.revocation import Revocation, earliest_iat, issuance_targets
from keyturn.domain.scope import format_scope
from token_issuer.settings import Settings
from token_issuer.token_signer import TokenSigner

if TYPE_CHECKING:
    from keyturn.ports import Clock, RevocationReader

_JTI_BYTES = 16  # 128 random bits; a UUID has fewer (R29, ASVS 11.5.1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorization:
    """What a grant allows: whom the token speaks of, to which client it goes, for which resource server and scope."""

    subject: str
    client_id: str
    audience: str
    scope: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedToken:
    """An access token and what its response and its log line say about it; `expires_in` in seconds."""

    value: str
    jti: str
    kid: str
    expires_in: int
    scope: str


class TokenIssuance:
    """Issues access tokens for what grants allow."""

    def __init__(self, settings: Settings, signer: TokenSigner, revocations: RevocationReader, clock: Clock) -> None:
        """Take the issuer's identity and lifetimes, and the ports that a token needs."""
        self._settings = settings
        self._signer = signer
        self._revocations = revocations
        self._clock = clock

    def issue(self, authorization: Authorization) -> IssuedToken:
        """Return a signed access token with every claim of RFC 9068 §2.2; raises what the ports raise."""
        cuts = self._revocations.find(
            issuance_targets(subject=authorization.subject, client_id=authorization.client_id)
        )
        issued_at = self._issue_time(cuts)
        jti = secrets.token_urlsafe(_JTI_BYTES)
        scope = format_scope(authorization.scope)
        claims = {
            "iss": self._settings.issuer,
            "sub": authorization.subject,
            "aud": authorization.audience,
            "exp": issued_at + self._settings.access_token_lifetime,
            "iat": issued_at,
            "jti": jti,
            "client_id": authorization.client_id,
            "scope": scope,
        }
        compromised = frozenset[str]().union(*(cut.compromised_kids for cut in cuts))
        ring = self._settings.audience_algorithms.get(authorization.audience, DEFAULT_RING)
        signed = self._signer.sign(claims, ring=ring, compromised_kids=compromised)
        lifetime = self._settings.access_token_lifetime
        return IssuedToken(value=signed.value, jti=jti, kid=signed.kid, expires_in=lifetime, scope=scope)

    def _issue_time(self, cuts: tuple[Revocation, ...]) -> int:
        """Return the iat: the early end of the present, which every later cut hits, but after every earlier cut."""
        now = self._clock.now()
        issued_at = max(math.floor(now.earliest), earliest_iat(cuts))
        if issued_at > now.latest + max(self._settings.leeway, 2):
            # Every verifier would refuse the token as not yet valid: a wrong clock wrote that cut, or has ours.
            raise StoreUnavailable(f"a revocation cuts at {issued_at - 1}, which lies in the future")
        return issued_at
