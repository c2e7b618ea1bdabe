"""Verification of access tokens (RFC 7515 §5.2, RFC 9068 §4) in numbered steps: cheap refusals first, claims last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.jose.access_token import check_access_token
from keyturn.jose.algorithms import fully_specified
from keyturn.jose.compact import UnverifiedToken
from keyturn.jose.errors import TokenError, TokenErrorReason
from keyturn.jose.strict_json import parse_object

if TYPE_CHECKING:
    from collections.abc import Set

    from keyturn.jose.access_token import SignedAccessToken, VerifiedAccessToken
    from keyturn.jose.key_set import KeySet
    from keyturn.jose.policy import VerificationPolicy

_ACCESS_TOKEN_TYPE = "at+jwt"


def verify_access_token(raw: str, keys: KeySet, policy: VerificationPolicy, now: float) -> VerifiedAccessToken:
    """Return the verified access token (RFC 9068 §4), or raise TokenError; any input raises that error alone.

    `now` in seconds since the epoch. The caller must still check whether the token is revoked.
    """
    # 1. It has the compact form, and a header without parameters that change its meaning.
    token = UnverifiedToken(raw)
    # Steps 2 to 4 have one result for a token, a key set and a policy, whatever the clock says.
    signed = check_signed(token, keys, policy)
    # 5. Its times hold.
    return signed.at(now)


def check_signed(token: UnverifiedToken, keys: KeySet, policy: VerificationPolicy) -> SignedAccessToken:
    """Return the access token after every check but those of its times; raises TokenError alone."""
    # 2. Its typ is that of an access token: the same key also signs ID tokens and logout tokens.
    if token.header.token_type != _ACCESS_TOKEN_TYPE:
        raise TokenError(TokenErrorReason.INVALID_TYPE)
    # 3. A key of the key set signed it.
    payload = verify_signature(token, keys, policy.algorithms)
    # 4. Only then are its claims read (ASVS 9.1.1): types, issuer and audience.
    claims = parse_object(payload)
    if claims is None:
        raise TokenError(TokenErrorReason.INVALID_CLAIMS)
    return check_access_token(claims, token.header.kid, policy)


def verify_jws(raw: str, keys: KeySet, algorithms: Set[str]) -> bytes:
    """Return the payload of a compact JWS (RFC 7515 §5.2), or raise TokenError; any input raises that error alone.

    The signature proves that the key's owner signed the payload. The caller checks type, claims and times.
    """
    return verify_signature(UnverifiedToken(raw), keys, algorithms)


def verify_signature(token: UnverifiedToken, keys: KeySet, algorithms: Set[str]) -> bytes:
    """Return the payload of a token once its signature holds (RFC 7515 §5.2), or raise TokenError."""
    header = token.header
    # a. The algorithm is one that we chose beforehand.
    if header.algorithm not in algorithms:
        raise TokenError(TokenErrorReason.ALGORITHM_NOT_ALLOWED)
    # b. The kid names a key of the key set; it is never a path, a query or a URL (CVE-2018-0114).
    key = keys.get(header.kid)
    if key is None:
        raise TokenError(TokenErrorReason.UNKNOWN_KEY)
    # c. The key is bound to this algorithm: the token cannot choose another one for it (RFC 8725bis §3.1).
    if key.algorithm != fully_specified(header.algorithm):
        raise TokenError(TokenErrorReason.ALGORITHM_MISMATCH)
    # d. Both remaining segments are canonical before the signature is computed.
    payload, signature = token.payload(), token.signature()
    key.verify(token.signing_input, signature)
    return payload
