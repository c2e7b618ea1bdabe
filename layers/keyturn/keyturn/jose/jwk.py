"""One public JSON Web Key (RFC 7517, RFC 7518 §6, RFC 8037 §2), read strictly into a key with one algorithm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric import ec

from keyturn.domain.base64url import decode
from keyturn.jose.algorithms import KEY_KIND, fully_specified
from keyturn.jose.compact import is_kid
from keyturn.jose.key_hygiene import check_ed25519, check_rsa
from keyturn.jose.verification_key import EcdsaKey, Ed25519Key, RsaKey, VerificationKey

if TYPE_CHECKING:
    from collections.abc import Mapping

_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"})
_CURVES: dict[str, tuple[ec.EllipticCurve, int]] = {
    "P-256": (ec.SECP256R1(), 32),
    "P-384": (ec.SECP384R1(), 48),
    "P-521": (ec.SECP521R1(), 66),
}
_ED25519_LENGTH = 32


def parse_jwk(jwk: Mapping[str, object], *, assume_algorithm: str | None = None) -> VerificationKey:
    """Return the verification key that a public JWK describes (RFC 7517 §4).

    `assume_algorithm` is for a JWK that states none. Raises ValueError, which repeats no part of the JWK.
    """
    if not isinstance(jwk, dict):
        raise ValueError("a JWK is a JSON object")
    if not _PRIVATE_MEMBERS.isdisjoint(jwk):
        raise ValueError("the JWK holds private or symmetric key material: its publisher must replace that key")
    kid = jwk.get("kid")
    if not is_kid(kid):
        raise ValueError("kid is 1 to 128 characters [A-Za-z0-9_-]")
    if jwk.get("use", "sig") != "sig" or jwk.get("key_ops", ["verify"]) != ["verify"]:
        raise ValueError('use, where present, is "sig", and key_ops ["verify"]')
    algorithm = _algorithm(jwk, assume_algorithm)
    if algorithm.startswith("ES"):
        return _ecdsa_key(jwk, kid, algorithm)
    if algorithm == "Ed25519":
        return _ed25519_key(jwk, kid)
    return _rsa_key(jwk, kid, algorithm)


def _algorithm(jwk: Mapping[str, object], assumed: str | None) -> str:
    """Return the one algorithm of the key: without one, the token would choose it (CVE-2026-22817)."""
    stated = jwk.get("alg", assumed)
    algorithm = fully_specified(stated) if isinstance(stated, str) else None
    if algorithm not in KEY_KIND:
        raise ValueError("alg is an asymmetric signature algorithm; give assume_algorithm for a JWKS that has none")
    if (jwk.get("kty"), jwk.get("crv")) != KEY_KIND[algorithm]:
        raise ValueError("kty and crv are not those of alg")
    return algorithm


def _rsa_key(jwk: Mapping[str, object], kid: str, algorithm: str) -> RsaKey:
    modulus, exponent = _unsigned_integer(jwk, "n"), _unsigned_integer(jwk, "e")
    check_rsa(modulus, exponent)
    # Most rings have keys of one kind: a sandbox loads no module of another.
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers

    return RsaKey(kid, algorithm, RSAPublicNumbers(exponent, modulus).public_key())


def _ecdsa_key(jwk: Mapping[str, object], kid: str, algorithm: str) -> EcdsaKey:
    curve, size = _CURVES[str(jwk["crv"])]
    point = b"\x04" + _octets(jwk, "x", size) + _octets(jwk, "y", size)
    try:
        key = ec.EllipticCurvePublicKey.from_encoded_point(curve, point)
    except ValueError:
        raise ValueError("x and y are no point of the curve") from None
    return EcdsaKey(kid, algorithm, key)


def _ed25519_key(jwk: Mapping[str, object], kid: str) -> Ed25519Key:
    encoded = _octets(jwk, "x", _ED25519_LENGTH)
    check_ed25519(encoded)
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    return Ed25519Key(kid, "Ed25519", Ed25519PublicKey.from_public_bytes(encoded))


def _octets(jwk: Mapping[str, object], member: str, length: int | None = None) -> bytes:
    value = jwk.get(member)
    octets = decode(value.encode("ascii", "replace")) if isinstance(value, str) else None
    if not octets or len(octets) != (length or len(octets)):
        raise ValueError(f"{member} is canonical base64url of the right length")
    return octets


def _unsigned_integer(jwk: Mapping[str, object], member: str) -> int:
    octets = _octets(jwk, member)
    if octets[0] == 0:
        raise ValueError(f"{member} has leading zero octets (RFC 7518 §2)")
    return int.from_bytes(octets, "big")
