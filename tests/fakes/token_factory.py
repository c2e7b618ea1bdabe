"""Real keys, made once per process, and tokens of every kind, also those that a library refuses to write."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from keyturn.domain.base64url import encode
from keyturn.jose import KeySet, VerificationPolicy
from keyturn.jose.public_key import public_jwk

NOW = 1_790_000_000
ISSUER = "https://issuer.example"
AUDIENCE = "https://api.example"
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519")
ABSENT: Final = object()  # the value of a claim or header parameter that is to be left out

_HASHES: dict[str, hashes.HashAlgorithm] = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
_CURVES: dict[str, ec.EllipticCurve] = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}


class SigningKey:
    """A private key with its public `jwk` (kid = thumbprint) and `spki`, and signatures encoded as KMS encodes them."""

    def __init__(self, algorithm: str, rsa_key_size: int = 2048) -> None:
        self.algorithm = algorithm
        self.private = _generate(algorithm, rsa_key_size)
        self.spki = self.private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self.jwk = public_jwk(self.spki, algorithm)
        self.kid = self.jwk["kid"]

    def sign(self, signing_input: bytes) -> bytes:
        """Return the signature as KMS encodes it: DER for ECDSA; this method makes the key a RemoteKey."""
        if isinstance(self.private, ed25519.Ed25519PrivateKey):
            return self.private.sign(signing_input)
        digest = _HASHES[self.algorithm[2:]]
        if isinstance(self.private, ec.EllipticCurvePrivateKey):
            return self.private.sign(signing_input, ec.ECDSA(digest))
        if self.algorithm.startswith("PS"):
            return self.private.sign(signing_input, padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
        return self.private.sign(signing_input, padding.PKCS1v15(), digest)

    def sign_jose(self, signing_input: bytes) -> bytes:
        """Return the signature as JOSE encodes it: r ‖ s for ECDSA (RFC 7518 §3.4)."""
        signature = self.sign(signing_input)
        if not isinstance(self.private, ec.EllipticCurvePrivateKey):
            return signature
        r, s = decode_dss_signature(signature)
        size = (self.private.key_size + 7) // 8
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")


def _generate(
    algorithm: str, rsa_key_size: int
) -> rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey:
    if algorithm in _CURVES:
        return ec.generate_private_key(_CURVES[algorithm])
    if algorithm == "Ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    return rsa.generate_private_key(public_exponent=65537, key_size=rsa_key_size)


@cache
def signing_key(algorithm: str = "ES256", name: str = "first", *, rsa_key_size: int = 2048) -> SigningKey:
    """Return the process's key of this algorithm and name; another name is another key."""
    return SigningKey(algorithm, rsa_key_size)


def jwks(*keys: SigningKey) -> dict[str, Any]:
    """Return the JWK Set of the keys."""
    return {"keys": [key.jwk for key in keys]}


def key_set(*keys: SigningKey) -> KeySet:
    """Return the keys as a verifier loads them; without an argument, the default key."""
    return KeySet.from_jwks(jwks(*(keys or (signing_key(),))))


def policy(**changes: Any) -> VerificationPolicy:
    """Return the policy that good tokens satisfy, with changes."""
    rules: dict[str, Any] = {"issuer": ISSUER, "audiences": {AUDIENCE}, "algorithms": set(ALGORITHMS)}
    return VerificationPolicy(**(rules | changes))


def good_claims(**changes: Any) -> dict[str, Any]:
    """Return the claims of a good access token at NOW (RFC 9068 §2.2), with changes; ABSENT leaves one out."""
    claims = {
        "iss": ISSUER,
        "sub": "u_0123456789abcdef0123456789abcdef",
        "aud": AUDIENCE,
        "client_id": "web",
        "iat": NOW,
        "exp": NOW + 900,
        "jti": "AAECAwQFBgcICQoLDA0ODw",
        "scope": "orders:read orders:write",
    }
    return _without_absent(claims | changes)


def good_header(key: SigningKey, **changes: Any) -> dict[str, Any]:
    """Return the header of a good access token (RFC 9068 §2.1), with changes; ABSENT leaves a parameter out."""
    return _without_absent({"typ": "at+jwt", "alg": key.algorithm, "kid": key.kid} | changes)


def make_token(
    *, key: SigningKey | None = None, header: Mapping[str, Any] | None = None, claims: Mapping[str, Any] | None = None
) -> str:
    """Return a correctly signed token: good, but for the changes to its header and its claims."""
    key = key or signing_key()
    return sign_raw(_json(good_header(key, **(header or {}))), _json(good_claims(**(claims or {}))), key)


def sign_raw(header: bytes, payload: bytes, key: SigningKey | None = None) -> str:
    """Return a correctly signed token with exactly these bytes as its header and payload."""
    return sign_segments(encode(header), encode(payload), key or signing_key())


def sign_segments(header: str, payload: str, key: SigningKey) -> str:
    """Return a token whose first two segments are these texts, whatever they are, with a signature over them."""
    signing_input = f"{header}.{payload}"
    return f"{signing_input}.{encode(key.sign_jose(signing_input.encode()))}"


def unsigned(header: Mapping[str, Any], *, signature: bytes = b"\x01" * 64) -> str:
    """Return a token with good claims, this header and a signature of no key."""
    return f"{encode(_json(header))}.{encode(_json(good_claims()))}.{encode(signature)}"


def _without_absent(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not ABSENT}


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
