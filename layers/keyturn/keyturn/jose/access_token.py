"""The claims of an access token (RFC 9068 §2.2, §4), each checked for its type and its value."""

from __future__ import annotations

import math
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from keyturn.domain.access.scope import parse_scope
from keyturn.jose.claims import audience_of, check_present, identifier, numeric_date, time_bounds
from keyturn.jose.errors import TokenError, TokenErrorReason
from keyturn.jose.policy import ANY_AUDIENCE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from keyturn.jose.policy import VerificationPolicy


class VerifiedAccessToken:
    """An access token (RFC 9068) with a valid signature and valid claims, which only SignedAccessToken.at returns.

    `issued_at` and `expires_at` in whole seconds, rounded down and up, so that a revocation is never too short;
    `session_id` (sid) and `grant_id` (gid) or None; `claims` has everything that the issuer signed, and
    is read-only: several requests may share one token.
    """

    __slots__ = (
        "audience",
        "claims",
        "client_id",
        "expires_at",
        "grant_id",
        "issued_at",
        "issuer",
        "jti",
        "kid",
        "scope",
        "session_id",
        "subject",
    )

    def __init__(self, claims: dict[str, Any], kid: str) -> None:
        """Raise TokenError for a claim of the wrong type."""
        self.kid = kid
        self.claims: Mapping[str, Any] = MappingProxyType(claims)
        self.issuer = identifier(claims, "iss")
        self.subject = identifier(claims, "sub")
        self.client_id = identifier(claims, "client_id")
        self.jti = identifier(claims, "jti")
        self.session_id = identifier(claims, "sid") if "sid" in claims else None
        self.grant_id = identifier(claims, "gid") if "gid" in claims else None
        self.audience = audience_of(claims)
        self.scope = _scope(claims)
        self.issued_at = math.floor(numeric_date(claims, "iat"))
        self.expires_at = math.ceil(numeric_date(claims, "exp"))


class SignedAccessToken:
    """An access token that passed each check of a policy apart from those of its times; `at` makes these.

    The present is no part of it: the same token, keys and policy always have the same result.
    """

    __slots__ = ("_bounds", "_leeway", "_token")

    def __init__(self, token: VerifiedAccessToken, policy: VerificationPolicy) -> None:
        """Raise TokenError for times that hold at no instant."""
        self._token = token
        self._bounds = time_bounds(token.claims, max_lifetime=policy.max_lifetime)
        self._leeway = policy.leeway

    @property
    def before_times(self) -> VerifiedAccessToken:
        """The token, whose times may be over: for results about its claims, never for a decision."""
        return self._token

    def at(self, now: float) -> VerifiedAccessToken:
        """Return the token if its times hold at `now`, in seconds (RFC 7519 §4.1.4 to 6); raises TokenError."""
        check_present(self._bounds, leeway=self._leeway, now=now)
        return self._token


def check_access_token(claims: dict[str, Any], kid: str, policy: VerificationPolicy) -> SignedAccessToken:
    """Return the access token that signed claims describe (RFC 9068 §4), before its times; raises TokenError."""
    token = VerifiedAccessToken(claims, kid)
    if token.issuer not in policy.issuers:
        raise TokenError(TokenErrorReason.INVALID_ISSUER)
    if policy.audiences is not ANY_AUDIENCE and policy.audiences.isdisjoint(token.audience):
        raise TokenError(TokenErrorReason.INVALID_AUDIENCE)
    return SignedAccessToken(token, policy)


def _scope(claims: dict[str, Any]) -> frozenset[str]:
    if "scope" not in claims:
        return frozenset()
    value = claims["scope"]
    if not isinstance(value, str):
        raise TokenError(TokenErrorReason.INVALID_CLAIMS)
    return _cached_scope(value) if len(value) <= _LONGEST_CACHED_SCOPE else _parse_scope(value)


def _parse_scope(value: str) -> frozenset[str]:
    try:
        return parse_scope(value)
    except ValueError:
        raise TokenError(TokenErrorReason.INVALID_CLAIMS) from None


# An issuer's tokens have few different scopes, and only signed ones reach this cache. The bounds are for a large set:
# a scope of thousands of characters takes twenty times as many bytes.
_cached_scope = lru_cache(maxsize=128)(_parse_scope)
_LONGEST_CACHED_SCOPE = 256
