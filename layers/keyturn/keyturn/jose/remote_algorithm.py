"""A PyJWT algorithm whose private key stays in KMS: KMS signs, and PyJWT's `encode` writes the token.

Any user of PyJWT can register `RemoteAlgorithm`. The functions do not import this module: the issuer has
`keyturn.jose.jws_encoder`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

try:
    from jwt.algorithms import Algorithm
    from jwt.exceptions import InvalidKeyError
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "keyturn.jose.remote_algorithm needs the extra sign: type `pip install '.[sign]'` in a clone of Keyturn",
        name=error.name,
    ) from None

from keyturn.jose.algorithms import KEY_KIND
from keyturn.jose.ecdsa_signature import as_jose

if TYPE_CHECKING:
    from keyturn.jose.jws_encoder import RemoteKey


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
        return as_jose(key.sign(msg), self.name)

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
