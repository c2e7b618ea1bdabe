"""Checks of the claims that every kind of token has (RFC 7519 §4.1)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from keyturn.jose.errors import TokenError, TokenErrorReason

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

# Printable in a log line, and short enough for a key of DynamoDB: without controls, separators and lone surrogates.
_MAX_IDENTIFIER_LENGTH = 256
_UNPRINTABLE = "[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]"
_MAX_NUMERIC_DATE = 2**53


def is_identifier(value: str) -> bool:
    """Return whether a valid token can have this value as its sub, client_id, jti, sid or gid."""
    # isprintable() is fast and accepts all usual values. It is stricter and knows one version of Unicode: it refuses a
    # no-break space, a joiner inside an emoji and a newer letter. The pattern accepts those; it is compiled at its
    # first use, to keep it out of each cold start.
    return 0 < len(value) <= _MAX_IDENTIFIER_LENGTH and (value.isprintable() or not re.search(_UNPRINTABLE, value))


def identifier(claims: Mapping[str, Any], name: str) -> str:
    """Return a claim that is a printable string of 1 to 256 characters; raises TokenError."""
    value = claims.get(name)
    # The first line says the same of nearly every value, without the cost of a call.
    if type(value) is str and 0 < len(value) <= _MAX_IDENTIFIER_LENGTH and value.isprintable():
        return value
    if not isinstance(value, str) or not is_identifier(value):
        raise TokenError(TokenErrorReason.INVALID_CLAIMS)
    return value


def numeric_date(claims: Mapping[str, Any], name: str) -> float:
    """Return a NumericDate (RFC 7519 §2), in seconds; raises TokenError."""
    value = claims.get(name)
    # type() and not isinstance(): True is an int.
    if (type(value) is not int and type(value) is not float) or not 0 <= value <= _MAX_NUMERIC_DATE:
        raise TokenError(TokenErrorReason.INVALID_CLAIMS)
    return value


def audience_of(claims: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the audiences (RFC 7519 §4.1.3), at least one; raises TokenError."""
    value = claims.get("aud")
    if isinstance(value, str) and value:
        return (value,)
    if not isinstance(value, list) or not value or not all(isinstance(each, str) and each for each in value):
        raise TokenError(TokenErrorReason.INVALID_CLAIMS)
    return tuple(value)


def check_times(claims: Mapping[str, Any], *, leeway: int, max_lifetime: int, now: float) -> None:
    """Raise TokenError unless exp, iat and, where present, nbf hold at `now`, all in seconds (RFC 7519 §4.1.4 to 6)."""
    check_present(time_bounds(claims, max_lifetime=max_lifetime), leeway=leeway, now=now)


def time_bounds(claims: Mapping[str, Any], *, max_lifetime: int) -> tuple[float, float]:
    """Return from when on and until when a token holds, in seconds, by iat, nbf and exp; raises TokenError."""
    issued_at = numeric_date(claims, "iat")
    expires_at = numeric_date(claims, "exp")
    not_before = numeric_date(claims, "nbf") if "nbf" in claims else issued_at
    if expires_at <= issued_at:
        raise TokenError(TokenErrorReason.INVALID_CLAIMS)
    if expires_at - issued_at > max_lifetime:
        raise TokenError(TokenErrorReason.LIFETIME_TOO_LONG)
    return max(issued_at, not_before), expires_at


def check_present(bounds: tuple[float, float], *, leeway: int, now: float) -> None:
    """Raise TokenError unless `now` is within the bounds, with a leeway at both ends; all in seconds."""
    valid_from, expires_at = bounds
    # Both conditions are positive: a clock that returns NaN refuses every token.
    if not now < expires_at + leeway:
        raise TokenError(TokenErrorReason.TOKEN_EXPIRED)
    if not valid_from <= now + leeway:
        raise TokenError(TokenErrorReason.TOKEN_NOT_YET_VALID)
