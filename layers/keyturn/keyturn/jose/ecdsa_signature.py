"""The two encodings of an ECDSA signature: JOSE's r ‖ s of fixed length (RFC 7518 §3.4), and KMS's DER."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

# Bytes of r and of s, and the order n of the curve's group (SP 800-186 §3.2.1).
_P256_N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_P384_N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973
_P521_N = 2**521 - 0x5AE79787C40D069948033FEB708F65A2FC44A36477663B851449048E16EC79BF7
CURVES = {"ES256": (32, _P256_N), "ES384": (48, _P384_N), "ES512": (66, _P521_N)}


# The same as octets, with a zero of that length: of two octet strings of one length, the larger is the larger number.
_RANGES = {name: (size, bytes(size), order.to_bytes(size, "big")) for name, (size, order) in CURVES.items()}


def to_der(signature: bytes, algorithm: str) -> bytes | None:
    """Return JOSE's r ‖ s as DER, or None unless the length is exact and 0 < r, s < n (CVE-2022-21449).

    Both s and n - s are accepted, since KMS returns either: a token has two valid texts, and only its jti names it.
    Each decision converts one signature. The conversion compares octets, which takes half of the library's time.
    """
    size, zero, order = _RANGES[algorithm]
    if len(signature) != 2 * size:
        return None
    r, s = signature[:size], signature[size:]
    if not (zero < r < order and zero < s < order):
        return None
    integers = _der_integer(r) + _der_integer(s)
    # From 128 octets on, as with P-521, a prefix gives the number of octets of the length.
    return b"\x30%b%c%b" % (b"" if len(integers) < 128 else b"\x81", len(integers), integers)


def _der_integer(octets: bytes) -> bytes:
    """Return a positive INTEGER (X.690 §8.3), without leading zeros apart from one that makes it positive."""
    shortest = octets.lstrip(b"\0")
    sign = b"\0" if shortest[0] >= 0x80 else b""
    return b"\x02%c%b%b" % (len(sign) + len(shortest), sign, shortest)


def from_der(signature: bytes, algorithm: str) -> bytes:
    """Return a DER signature as JOSE's r ‖ s; raises ValueError for other bytes or a signature of another curve."""
    size, order = CURVES[algorithm]
    r, s = decode_dss_signature(signature)
    if not (0 < r < order and 0 < s < order):
        raise ValueError(f"the signature is not of {algorithm}'s curve")
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")


def as_jose(signature: bytes, algorithm: str) -> bytes:
    """Return KMS's signature as JOSE encodes it (RFC 7518 §3, RFC 8037 §3.1); raises ValueError as `from_der` does."""
    return from_der(signature, algorithm) if algorithm in CURVES else signature
