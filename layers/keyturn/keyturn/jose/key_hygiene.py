"""Checks for weak public keys of valid form: short, of a broken generator, or verifying forged signatures."""

from __future__ import annotations

_RSA_BITS = range(2048, 4096 + 1)
_RSA_EXPONENTS = range(65537, 2**32, 2)

# ROCA (CVE-2017-15361): Infineon's moduli are powers of 65537 modulo every small prime. Each pair is such a prime and
# the order of 65537 modulo it, where that order is informative. A sound modulus is refused once in 2^27.
_ROCA_ORDERS = (
    *((11, 2), (13, 6), (17, 8), (19, 9), (37, 3), (53, 26), (61, 20), (71, 35), (73, 24)),
    *((79, 13), (97, 6), (103, 51), (107, 53), (109, 54), (127, 42), (151, 50), (157, 78)),
)

_ED25519_P = 2**255 - 19
_ED25519_D = -121665 * pow(121666, -1, _ED25519_P) % _ED25519_P


def check_rsa(modulus: int, exponent: int) -> None:
    """Raise ValueError for an RSA key outside 2048 to 4096 bits, with an unusual exponent, or of the ROCA generator."""
    if modulus.bit_length() not in _RSA_BITS or modulus % 2 == 0:
        raise ValueError("an RSA modulus is odd and has 2048 to 4096 bits")
    if exponent not in _RSA_EXPONENTS:
        raise ValueError("an RSA exponent is odd, at least 65537 and below 2^32")
    if all(pow(modulus, order, prime) == 1 for prime, order in _ROCA_ORDERS):
        raise ValueError("the RSA modulus comes from a broken generator (ROCA, CVE-2017-15361)")


def check_ed25519(encoded: bytes) -> None:
    """Raise ValueError unless 32 bytes are a point of edwards25519 (RFC 8032 §5.1.3), and not one of small order.

    A key of small order has signatures that verify for many messages; OpenSSL loads such a key without an error.
    """
    y = int.from_bytes(encoded, "little") & (2**255 - 1)
    y2 = y * y % _ED25519_P
    # x² = u / v has a root where u · v has one (Euler's criterion).
    uv = (y2 - 1) * (_ED25519_D * y2 + 1)
    if y >= _ED25519_P or pow(uv, (_ED25519_P - 1) // 2, _ED25519_P) == _ED25519_P - 1:
        raise ValueError("x is no point of edwards25519")
    # y = 0: order 4; y = ±1: order 1 and 2; the last factor is 0 where doubling leads to y = 0: order 8.
    if y * (y2 - 1) * (_ED25519_D * y2 * y2 + 2 * y2 - 1) % _ED25519_P == 0:
        raise ValueError("x is a point of small order")
