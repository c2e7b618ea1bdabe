"""Base64url in its one canonical spelling (RFC 7515 §2), without padding, other alphabets and stray bits."""

from __future__ import annotations

import binascii

# "+" and "/" become characters that base64 refuses, else one token would have several spellings (CVE-2026-102269).
_TO_BASE64 = bytes.maketrans(b"-_+/=", b"+/!!!")
_FROM_BASE64 = bytes.maketrans(b"+/", b"-_")

# After an incomplete group of four, the last character has 2 or 4 unused bits, which must be zero.
_LAST_OF_TWO = frozenset(b"AQgw")
_LAST_OF_THREE = frozenset(b"AEIMQUYcgkosw048")


def decode(segment: bytes) -> bytes | None:
    """Return the bytes of a canonical base64url segment (RFC 7515 §2), or None if it is not one.

    An exception's context would carry the segment along: the result is None instead.
    """
    remainder = len(segment) % 4
    if remainder == 2:
        canonical = segment[-1] in _LAST_OF_TWO
    elif remainder == 3:
        canonical = segment[-1] in _LAST_OF_THREE
    else:
        canonical = remainder == 0
    if not canonical:
        return None
    try:
        return binascii.a2b_base64(segment.translate(_TO_BASE64) + b"=" * (-remainder % 4), strict_mode=True)
    except binascii.Error:
        return None


def encode(data: bytes) -> str:
    """Return the canonical base64url text of bytes (RFC 7515 §2)."""
    return binascii.b2a_base64(data, newline=False).rstrip(b"=").translate(_FROM_BASE64).decode("ascii")
