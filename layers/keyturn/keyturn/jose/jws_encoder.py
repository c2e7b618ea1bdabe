"""Tokens in the JWS Compact Serialization (RFC 7515 §7.1), signed by a key that stays in KMS.

The bytes are those that PyJWT's `encode` writes. The verifying side does not import this module.
"""

from __future__ import annotations

import json
from typing import Any, Protocol

from keyturn.domain.base64url import encode
from keyturn.jose.algorithms import KEY_KIND
from keyturn.jose.compact import MAX_TOKEN_LENGTH, is_kid
from keyturn.jose.ecdsa_signature import as_jose

# ASCII, as PyJWT writes it: each other character is an escape. JSON has neither NaN nor Infinity (RFC 8259 §6).
_JSON = json.JSONEncoder(separators=(",", ":"), allow_nan=False)


class RemoteKey(Protocol):
    """A private key that signs elsewhere."""

    def sign(self, signing_input: bytes) -> bytes:
        """Return the signature as KMS encodes it: DER for ECDSA, the plain octets for RSA and Ed25519."""


def encode_access_token(claims: dict[str, Any], *, algorithm: str, kid: str, key: RemoteKey) -> str:
    """Return a signed access token (RFC 9068 §2) with these claims; `algorithm` by its fully-specified name.

    Raises ValueError for a token that our verifier would refuse to read, and what the key's `sign` raises.
    """
    return _encode(claims, "at+jwt", algorithm, kid, key)


def encode_id_token(claims: dict[str, Any], *, algorithm: str, kid: str, key: RemoteKey) -> str:
    """Return a signed ID token (OIDC Core §2) with these claims; raises as `encode_access_token` does."""
    return _encode(claims, "JWT", algorithm, kid, key)


def _encode(claims: dict[str, Any], typ: str, algorithm: str, kid: str, key: RemoteKey) -> str:
    if algorithm not in KEY_KIND:
        raise ValueError("the algorithm is not one that Keyturn knows")
    if not is_kid(kid):
        raise ValueError("kid is 1 to 128 characters [A-Za-z0-9_-]")
    signing_input = f"{_segment({'alg': algorithm, 'kid': kid, 'typ': typ})}.{_segment(claims)}"
    signature = as_jose(key.sign(signing_input.encode("ascii")), algorithm)
    token = f"{signing_input}.{encode(signature)}"
    if len(token) > MAX_TOKEN_LENGTH:
        raise ValueError(f"the token is longer than {MAX_TOKEN_LENGTH} characters: its claims are too many")
    return token


def _segment(members: dict[str, Any]) -> str:
    return encode(_JSON.encode(members).encode("ascii"))
