"""Proof Key for Code Exchange (RFC 7636), by S256 alone."""

from __future__ import annotations

import hashlib
import re

from keyturn.domain.base64url import encode

METHOD = "S256"

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


def is_challenge(value: str) -> bool:
    """Return whether a value can be an S256 challenge (§4.2): 32 octets in base64url."""
    return _CHALLENGE.fullmatch(value) is not None


def challenge_of(verifier: str) -> str:
    """Return the S256 challenge of a verifier (§4.6); raises ValueError unless it has the form of one (§4.1)."""
    if _VERIFIER.fullmatch(verifier) is None:
        raise ValueError("a code verifier is 43 to 128 of A-Z a-z 0-9 - . _ ~")
    return encode(hashlib.sha256(verifier.encode()).digest())
