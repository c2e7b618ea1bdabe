"""Client assertions (RFC 7523 §3, OpenID Connect Core §9): a client authenticates by its own private key.

Callers import this module by its own name, so that the authorizer does not load it.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

from keyturn.jose.algorithms import ALGORITHM_NAMES
from keyturn.jose.claims import audience_of, identifier, numeric_date
from keyturn.jose.compact import REFUSED_PARAMETERS, UnverifiedToken, read_header
from keyturn.jose.errors import TokenError, TokenErrorReason
from keyturn.jose.strict_json import parse_object
from keyturn.jose.verify import verify_signature

if TYPE_CHECKING:
    from collections.abc import Set
    from typing import Any

    from keyturn.jose.key_set import KeySet

# The longest that exp may lie ahead, in seconds: the issuer stores the jti until then. Authlib signs for an hour.
MAX_ASSERTION_LIFETIME = 3600
# Most clients write JWT or omit typ; draft-ietf-oauth-rfc7523bis names the last one. An access token is refused.
_ASSERTION_TYPES = frozenset({"", "jwt", "client-authentication+jwt"})
# Some libraries add their certificate (RFC 7515 §4.1.6 to §4.1.8). It is ignored: the registered keys alone verify an
# assertion. A key in the header (jwk) and a URL of keys (jku, x5u) stay refused.
_REFUSED_PARAMETERS = REFUSED_PARAMETERS - {"x5c", "x5t", "x5t#S256"}
# Stands for the kid of an assertion without one, and is no key's.
_NO_KID = "-" * 128


class VerifiedClientAssertion:
    """An assertion with a valid signature and valid claims; `expires_at` in whole seconds, rounded up.

    The caller must still check whether it was used before.
    """

    __slots__ = ("client_id", "expires_at", "jti", "kid")

    def __init__(self, claims: dict[str, Any], kid: str) -> None:
        """Raise TokenError for a claim of the wrong type."""
        self.kid = kid
        self.client_id = identifier(claims, "sub")
        self.jti = identifier(claims, "jti")
        self.expires_at = math.ceil(numeric_date(claims, "exp"))


class _UnverifiedAssertion(UnverifiedToken):
    """An assertion before its signature is verified; `default_kid` stands for an absent kid."""

    __slots__ = ()

    def __init__(self, raw: object, *, default_kid: str = _NO_KID) -> None:
        super().__init__(raw, partial(read_header, refused=_REFUSED_PARAMETERS, default_kid=default_kid))


def claimed_client_id(raw: str) -> str:
    """Return the client id that an assertion claims, before its signature is verified; raises TokenError."""
    return identifier(_claims(_UnverifiedAssertion(raw).payload()), "sub")


def verify_client_assertion(
    raw: str, keys: KeySet, *, client_id: str, audiences: Set[str], leeway: int, now: float
) -> VerifiedClientAssertion:
    """Return the verified client assertion (RFC 7523 §3), or raise TokenError; any input raises that error alone.

    `keys` are the client's own, `audiences` the values that its aud may have; `leeway` and `now` in seconds. A client
    with one key may omit the kid (OIDC Core §10.1).
    """
    [only_kid] = keys.kids if len(keys) == 1 else {_NO_KID}
    token = _UnverifiedAssertion(raw, default_kid=only_kid)
    if token.header.token_type not in _ASSERTION_TYPES:
        raise TokenError(TokenErrorReason.INVALID_TYPE)
    claims = _claims(verify_signature(token, keys, ALGORITHM_NAMES))
    assertion = VerifiedClientAssertion(claims, token.header.kid)
    # Issuer and subject are the client itself (§3, items 1 and 2.B).
    if not identifier(claims, "iss") == assertion.client_id == client_id:
        raise TokenError(TokenErrorReason.INVALID_ISSUER)
    _check_audience(claims, audiences)
    _check_times(claims, leeway=leeway, now=now)
    return assertion


def _claims(payload: bytes) -> dict[str, Any]:
    claims = parse_object(payload)
    if claims is None:
        raise TokenError(TokenErrorReason.INVALID_CLAIMS)
    return claims


def _check_audience(claims: dict[str, Any], audiences: Set[str]) -> None:
    """Require one audience as a string (FAPI 2.0 §5.3.2.1, draft-ietf-oauth-rfc7523bis §4).

    Another server that is named in a list could replay the assertion here (CVE-2025-27370). FAPI 2.0 refuses a list of
    one value too.
    """
    audience_of(claims)
    audience = claims["aud"]
    if not isinstance(audience, str) or audience not in audiences:
        raise TokenError(TokenErrorReason.INVALID_AUDIENCE)


def _check_times(claims: dict[str, Any], *, leeway: int, now: float) -> None:
    """Refuse an assertion that has expired, is not valid yet, or expires too far ahead; only exp is mandatory."""
    expires_at = numeric_date(claims, "exp")
    # All conditions are positive: a clock that returns NaN refuses every assertion.
    if not now < expires_at + leeway:
        raise TokenError(TokenErrorReason.TOKEN_EXPIRED)
    if not expires_at <= now + MAX_ASSERTION_LIFETIME + leeway:
        raise TokenError(TokenErrorReason.LIFETIME_TOO_LONG)
    if not all(numeric_date(claims, name) <= now + leeway for name in ("iat", "nbf") if name in claims):
        raise TokenError(TokenErrorReason.TOKEN_NOT_YET_VALID)
