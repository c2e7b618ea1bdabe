"""The conversion of KMS's public key to the JWK that verifiers read (RFC 5280 §4.1, RFC 7517 §4).

The verifying side does not import this module: cryptography's serialization package doubles a cold start.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from keyturn.domain.base64url import encode
from keyturn.jose.algorithms import fully_specified
from keyturn.jose.jwk import parse_jwk
from keyturn.jose.thumbprint import thumbprint

_CURVE_NAMES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}  # SEC 2, RFC 7518 §6.2.1.1


def public_jwk(spki: bytes, algorithm: str) -> dict[str, str]:
    """Return the public JWK of a DER SubjectPublicKeyInfo, as KMS GetPublicKey gives it (RFC 5280 §4.1).

    Its kid is its thumbprint (RFC 7638), its use "sig", its alg fully specified. Raises ValueError for a key that does
    not fit the algorithm, or that our own verifier would refuse.
    """
    jwk = _key_members(spki)
    jwk |= {"kid": thumbprint(jwk), "use": "sig", "alg": fully_specified(algorithm)}
    parse_jwk(jwk)
    return jwk


def _key_members(spki: bytes) -> dict[str, str]:
    key = load_der_public_key(spki)
    if isinstance(key, RSAPublicKey):
        numbers = key.public_numbers()
        return {"kty": "RSA", "n": _encode_integer(numbers.n), "e": _encode_integer(numbers.e)}
    if isinstance(key, EllipticCurvePublicKey) and key.curve.name in _CURVE_NAMES:
        point = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)[1:]
        half = len(point) // 2
        return {"kty": "EC", "crv": _CURVE_NAMES[key.curve.name], "x": encode(point[:half]), "y": encode(point[half:])}
    if isinstance(key, Ed25519PublicKey):
        return {"kty": "OKP", "crv": "Ed25519", "x": encode(key.public_bytes_raw())}
    raise ValueError("the type of the public key is unknown to Keyturn")


def _encode_integer(value: int) -> str:
    return encode(value.to_bytes((value.bit_length() + 7) // 8, "big"))
