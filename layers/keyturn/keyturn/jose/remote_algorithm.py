"""A PyJWT algorithm whose private key stays in KMS: KMS signs, and PyJWT writes the token.

Any user of PyJWT can register `RemoteAlgorithm` with a `jwt.PyJWS`. The verifying side does not import this module.
"""

from __future__ import annotations

import json
from typing import Any, NoReturn, Protocol

from jwt.algorithms import Algorithm
from jwt.api_jws import PyJWS
from jwt.exceptions import InvalidKeyError

from keyturn.jose.algorithms import KEY_KIND
from keyturn.jose.compact import MAX_TOKEN_LENGTH
from keyturn.jose.ecdsa_signature import CURVES, from_der


class RemoteKey(Protocol):
    """A private key that signs elsewhere."""

    def sign(self, signing_input: bytes) -> bytes:
        """Return the signature as KMS encodes it: DER for ECDSA, the plain octets for RSA and Ed25519."""


class RemoteAlgorithm(Algorithm):
    """A PyJWT algorithm whose keys are RemoteKey objects; it signs, and leaves verifying to `keyturn.jose`."""

    def __init__(self, name: str) -> None:
        """Raise ValueError unless `name` is an algorithm's fully-specified name (RFC 7518 §3.1, RFC 9864)."""
        if name not in KEY_KIND:
            raise ValueError("the algorithm is not one that Keyturn knows")
        self.name = name

    def prepare_key(self, key: RemoteKey) -> RemoteKey:
        """Return the key if it can sign; raises jwt.InvalidKeyError."""
        if not callable(getattr(key, "sign", None)):
            raise InvalidKeyError("a remote key has a method sign(signing_input)")
        return key

    def sign(self, msg: bytes, key: RemoteKey) -> bytes:
        """Return the signature over the signing input as JOSE encodes it (RFC 7518 §3)."""
        signature = key.sign(msg)
        return from_der(signature, self.name) if self.name in CURVES else signature

    def verify(self, msg: bytes, key: RemoteKey, sig: bytes) -> NoReturn:
        """Raise NotImplementedError: `keyturn.jose` verifies with the public key, without a network call."""
        raise NotImplementedError("verify with keyturn.jose and the public key")

    @staticmethod
    def to_jwk(key_obj: Any, as_dict: bool = False) -> NoReturn:
        """Raise NotImplementedError: `keyturn.jose.public_key` makes the JWK from the public key."""
        raise NotImplementedError("use keyturn.jose.public_key")

    @staticmethod
    def from_jwk(jwk: Any) -> NoReturn:
        """Raise NotImplementedError: a private key from a JWK would not be remote."""
        raise NotImplementedError("a remote key has no JWK of its private half")


_JWS = PyJWS(algorithms=[])
for _name in KEY_KIND:
    _JWS.register_algorithm(_name, RemoteAlgorithm(_name))


def encode_access_token(claims: dict[str, Any], *, algorithm: str, kid: str, key: RemoteKey) -> str:
    """Return a signed access token (RFC 9068 §2) with these claims; `algorithm` by its fully-specified name.

    Raises ValueError for a token longer than our verifier reads, and whatever the key's `sign` raises.
    """
    return _encode(claims, "at+jwt", algorithm, kid, key)


def encode_id_token(claims: dict[str, Any], *, algorithm: str, kid: str, key: RemoteKey) -> str:
    """Return a signed ID token (OIDC Core §2) with these claims; raises as `encode_access_token` does."""
    return _encode(claims, "JWT", algorithm, kid, key)


def _encode(claims: dict[str, Any], typ: str, algorithm: str, kid: str, key: RemoteKey) -> str:
    payload = json.dumps(claims, separators=(",", ":"), allow_nan=False).encode("utf-8")
    token = _JWS.encode(payload, key, algorithm, headers={"typ": typ, "kid": kid})  # type: ignore[arg-type]  # PyJWT names the keys of its own algorithms only
    if len(token) > MAX_TOKEN_LENGTH:
        raise ValueError(f"the token is longer than {MAX_TOKEN_LENGTH} characters: its claims are too many")
    return token
