"""JWK thumbprints (RFC 7638): the kid of every key that Keyturn publishes."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from keyturn.domain.base64url import encode

if TYPE_CHECKING:
    from collections.abc import Mapping

# RFC 7638 §3.2, RFC 8037 §2: in the order in which they are hashed.
_REQUIRED_MEMBERS = {"RSA": ("e", "kty", "n"), "EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x")}


def thumbprint(jwk: Mapping[str, str]) -> str:
    """Return the SHA-256 thumbprint of a public JWK in base64url (RFC 7638 §3); raises ValueError."""
    members = _REQUIRED_MEMBERS.get(jwk.get("kty", ""))
    if members is None or not all(isinstance(jwk.get(member), str) for member in members):
        raise ValueError("a thumbprint needs kty and the key's required members")
    canonical = json.dumps({member: jwk[member] for member in members}, separators=(",", ":"))
    return encode(hashlib.sha256(canonical.encode("utf-8")).digest())
