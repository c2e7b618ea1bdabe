"""The largest token that a registration may cause: a larger one could never be issued."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from keyturn.domain.access.scope import format_scope
from keyturn.domain.clients.client import Client

# Bytes of header and payload, encoded: the limit of KMS for a message that Ed25519 signs.
MAX_SIGNING_INPUT = 4096
# Bytes of a user's own custom claims as JSON: each client leaves them room.
MAX_USER_CLAIMS = 1024

_LARGEST_TIME = 10**11
# The longest value of each part: a kid is a SHA-256, a jti and a gid are 128 bits, a subject has up to 66 characters.
_HEADER = {"alg": "Ed25519", "kid": "k" * 43, "typ": "at+jwt"}
_OF_EVERY_TOKEN = {"exp": _LARGEST_TIME, "iat": _LARGEST_TIME, "jti": "j" * 22}
_OF_A_USER = {
    "sub": "u" * 66,
    "gid": "g" * 22,
    "sid": "s" * 22,
    "auth_time": _LARGEST_TIME,
    "acr": "urn:keyturn:password",
    "amr": ["pwd", "otp", "mfa"],
}


def largest_token(client: Client, issuer: str) -> int:
    """Return the bytes of the largest signing input (RFC 7515 §5.1) that the client's tokens can have.

    It has the longest audience, all scopes and all claims. A user's token also has the largest claims of a user.
    """
    sizes = [0]
    if "client_credentials" in client.grant_types:
        sizes.append(_signing_input(client, issuer, {"sub": client.client_id, **client.claims}))
    if "authorization_code" in client.grant_types:
        sizes.append(_signing_input(client, issuer, {**_OF_A_USER, **client.user_claims}, beside=MAX_USER_CLAIMS))
    return max(sizes)


def claims_size(claims: Mapping[str, Any]) -> int:
    """Return the bytes of custom claims as JSON, as a token has them."""
    return len(json.dumps(dict(claims), separators=(",", ":")))


def _signing_input(client: Client, issuer: str, claims: Mapping[str, Any], *, beside: int = 0) -> int:
    own = {
        "iss": issuer,
        "aud": max(client.audiences, key=lambda audience: claims_size({"aud": audience})),
        "client_id": client.client_id,
        "scope": format_scope(client.scopes),
    }
    payload = claims_size({**claims, **own, **_OF_EVERY_TOKEN}) + beside
    return _encoded(claims_size(_HEADER)) + 1 + _encoded(payload)


def _encoded(size: int) -> int:
    """Return the length of this number of bytes in base64url without padding."""
    return -(-size * 4 // 3)
