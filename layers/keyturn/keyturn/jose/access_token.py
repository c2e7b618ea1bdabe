"""The claims of an access token (RFC 9068 §2.2, §4): what each must be, before anything decides by it."""

from __future__ import annotations

import math
import re

from keyturn.domain.scope import parse_scope
from keyturn.jose.errors import TokenError, TokenErrorReason
from keyturn.jose.policy import ANY_AUDIENCE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from keyturn.jose.policy import VerificationPolicy

# Printable in a log line, and short enough for a key of DynamoDB: no controls, no line separators, no lone surrogates.
_IDENTIFIER = re.compile("[^\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]{1,256}")
_MAX_NUMERIC_DATE = 2**53


class VerifiedAccessToken:
    """An access token (RFC 9068) whose signature and claims hold; only verify_access_token makes one.

    `issued_at` and `expires_at` in whole seconds, rounded down and up, so that a revocation is never too short;
    `session_id` (sid) and `grant_id` (gid) or None; `claims` has everything that the issuer signed.
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
        """Take claims whose types hold; raises TokenError for those whose types do not."""
        self.kid = kid
        self.claims = claims
        self.issuer = _identifier(claims, "iss")
        self.subject = _identifier(claims, "sub")
        self.client_id = _identifier(claims, "client_id")
        self.jti = _identifier(claims, "jti")
        self.session_id = _identifier(claims, "sid") if "sid" in claims else None
        self.grant_id = _identifier(claims, "gid") if "gid" in claims else None
        self.audience = _audience(claims)
        self.scope = _scope(claims)
        self.issued_at = math.floor(_numeric_date(claims, "iat"))
        self.expires_at = math.ceil(_numeric_date(claims, "exp"))


def check_access_token(claims: dict[str, Any], kid: str, policy: VerificationPolicy, now: float) -> VerifiedAccessToken:
    """Return the access token that signed claims describe (RFC 9068 §4); raises TokenError. `now` in seconds."""
    token = VerifiedAccessToken(claims, kid)
    if token.issuer not in policy.issuers:
        raise TokenError(TokenErrorReason.INVALID_ISSUER)
    if policy.audiences is not ANY_AUDIENCE and policy.audiences.isdisjoint(token.audience):
        raise TokenError(TokenErrorReason.INVALID_AUDIENCE)
    _check_times(claims, policy, now)
    return token


def _check_times(claims: dict[str, Any], policy: VerificationPolicy, now: float) -> None:
    issued_at = _numeric_date(claims, "iat")
    expires_at = _numeric_date(claims, "exp")
    not_before = _numeric_date(claims, "nbf") if "nbf" in claims else issued_at
    if expires_at <= issued_at:
        raise TokenError(TokenErrorReason.INVALID_CLAIMS)
    if expires_at - issued_at > policy.max_lifetime:
        raise TokenError(TokenErrorReason.LIFETIME_TOO_LONG)
    # Both ask for what must hold: a clock that is no number refuses everything.
    if not now < expires_at + policy.leeway:
        raise TokenError(TokenErrorReason.TOKEN_EXPIRED)
    if not max(issued_at, not_before) <= now + policy.leeway:
        raise TokenError(TokenErrorReason.TOKEN_NOT_YET_VALID)


def _identifier(claims: dict[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or _IDENTIFIER.fullmatch(value) is None:
        raise TokenError(TokenErrorReason.INVALID_CLAIMS)
    return value


def _numeric_date(claims: dict[str, Any], name: str) -> float:
    value = claims.get(name)
    # type() and not isinstance(): True is an int.
    if (type(value) is not int and type(value) is not float) or not 0 <= value <= _MAX_NUMERIC_DATE:
        raise TokenError(TokenErrorReason.INVALID_CLAIMS)
    return value


def _audience(claims: dict[str, Any]) -> tuple[str, ...]:
    value = claims.get("aud")
    audience = tuple(value) if isinstance(value, list) else (value,)
    if not audience or not all(isinstance(member, str) and member for member in audience):
        raise TokenError(TokenErrorReason.INVALID_CLAIMS)
    return audience


def _scope(claims: dict[str, Any]) -> frozenset[str]:
    if "scope" not in claims:
        return frozenset()
    value = claims["scope"]
    if not isinstance(value, str):
        raise TokenError(TokenErrorReason.INVALID_CLAIMS)
    try:
        return parse_scope(value)
    except ValueError:
        raise TokenError(TokenErrorReason.INVALID_CLAIMS) from None
