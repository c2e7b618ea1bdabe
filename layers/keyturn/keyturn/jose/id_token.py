"""ID tokens of other issuers (OpenID Connect Core 1.0 §3.1.3.7): strict, and never an access token.

Callers import this module by its own name, so that the authorizer does not load it.
"""

from __future__ import annotations

import hmac
import math
from typing import TYPE_CHECKING

from keyturn.jose.claims import audience_of, check_times, identifier, numeric_date
from keyturn.jose.compact import UnverifiedToken
from keyturn.jose.errors import TokenError, TokenErrorReason
from keyturn.jose.policy import MAX_LEEWAY, MAX_LIFETIME, checked_algorithms, checked_seconds, checked_strings
from keyturn.jose.strict_json import parse_object
from keyturn.jose.verify import verify_signature

if TYPE_CHECKING:
    from collections.abc import Set
    from typing import Any

    from keyturn.jose.key_set import KeySet

# An ID token has no type of its own; one that names another type is of another kind (RFC 8725bis §3.12).
_ID_TOKEN_TYPES = frozenset({"", "jwt"})


class IdTokenPolicy:
    """The rules for one issuer's ID tokens for one client; its values never come from a token.

    aud may have `trusted_audiences` beside the client. In seconds: `leeway` (0 to 60), `max_lifetime` of exp - iat,
    and `max_age`, the longest time since the user authenticated (OIDC Core §3.1.2.1), or None.
    """

    __slots__ = ("algorithms", "audiences", "client_id", "issuer", "leeway", "max_age", "max_lifetime")

    def __init__(  # one argument for each rule, by name, as for VerificationPolicy
        self,
        *,
        issuer: str,
        client_id: str,
        algorithms: Set[str],
        trusted_audiences: Set[str] = frozenset(),
        leeway: int = 10,
        max_lifetime: int = 86_400,
        max_age: int | None = None,
    ) -> None:
        """Raise ValueError for an invalid rule."""
        [self.issuer] = checked_strings("issuer", {issuer})
        [self.client_id] = checked_strings("client_id", {client_id})
        self.audiences = checked_strings("trusted_audiences", trusted_audiences) | {client_id}
        self.algorithms = checked_algorithms(algorithms)
        self.leeway = checked_seconds("leeway", leeway, 0, MAX_LEEWAY)
        self.max_lifetime = checked_seconds("max_lifetime", max_lifetime, 1, MAX_LIFETIME)
        self.max_age = None if max_age is None else checked_seconds("max_age", max_age, 0, MAX_LIFETIME)


class VerifiedIdToken:
    """An ID token with a valid signature and valid claims; only verify_id_token creates one.

    `authenticated_at` (auth_time) in whole seconds, rounded down, or None; `claims` has everything that was signed.
    """

    __slots__ = ("audience", "authenticated_at", "claims", "issuer", "kid", "subject")

    def __init__(self, claims: dict[str, Any], kid: str) -> None:
        """Raise TokenError for a claim of the wrong type."""
        self.kid = kid
        self.claims = claims
        self.issuer = identifier(claims, "iss")
        self.subject = identifier(claims, "sub")
        self.audience = audience_of(claims)
        self.authenticated_at = math.floor(numeric_date(claims, "auth_time")) if "auth_time" in claims else None


def verify_id_token(raw: str, keys: KeySet, policy: IdTokenPolicy, *, nonce: str | None, now: float) -> VerifiedIdToken:
    """Return the verified ID token (OIDC Core §3.1.3.7), or raise TokenError; any input raises that error alone.

    `nonce` is that of the authentication request, None where it had none; `now` in seconds since the epoch.
    """
    token = verify_id_token_hint(raw, keys, policy)
    check_times(token.claims, leeway=policy.leeway, max_lifetime=policy.max_lifetime, now=now)
    _check_nonce(token.claims, nonce)
    _check_age(token, policy, now)
    return token


def verify_id_token_hint(raw: str, keys: KeySet, policy: IdTokenPolicy) -> VerifiedIdToken:
    """Return an ID token that names a user who signed in before (OIDC Core §3.1.2.1); raises TokenError alone.

    It may have expired, and does not authenticate the user.
    """
    token = UnverifiedToken(raw)
    # The same key signs access tokens and logout tokens, which do not authenticate a user.
    if token.header.token_type not in _ID_TOKEN_TYPES:
        raise TokenError(TokenErrorReason.INVALID_TYPE)
    claims = parse_object(verify_signature(token, keys, policy.algorithms))
    if claims is None:
        raise TokenError(TokenErrorReason.INVALID_CLAIMS)
    verified = VerifiedIdToken(claims, token.header.kid)
    if verified.issuer != policy.issuer:
        raise TokenError(TokenErrorReason.INVALID_ISSUER)
    _check_audience(verified, policy)
    return verified


def _check_audience(token: VerifiedIdToken, policy: IdTokenPolicy) -> None:
    """Refuse a token that was issued to another client as well, or that another client requested (azp)."""
    foreign = not policy.audiences.issuperset(token.audience) or policy.client_id not in token.audience
    if foreign or (len(token.audience) > 1 and "azp" not in token.claims):
        raise TokenError(TokenErrorReason.INVALID_AUDIENCE)
    if "azp" in token.claims and token.claims["azp"] != policy.client_id:
        raise TokenError(TokenErrorReason.INVALID_AUDIENCE)


def _check_nonce(claims: dict[str, Any], nonce: str | None) -> None:
    """Refuse another request's token; a nonce where none was sent is another request's too."""
    if nonce is None:
        holds = "nonce" not in claims
    else:
        expected, found = nonce.encode("utf-8", "surrogatepass"), claims.get("nonce")
        holds = bool(nonce) and isinstance(found, str) and hmac.compare_digest(expected, found.encode())
    if not holds:
        raise TokenError(TokenErrorReason.INVALID_NONCE)


def _check_age(token: VerifiedIdToken, policy: IdTokenPolicy, now: float) -> None:
    if policy.max_age is None:
        return
    if token.authenticated_at is None:
        raise TokenError(TokenErrorReason.INVALID_CLAIMS)
    if not now - token.authenticated_at <= policy.max_age + policy.leeway:
        raise TokenError(TokenErrorReason.AUTHENTICATION_TOO_OLD)
