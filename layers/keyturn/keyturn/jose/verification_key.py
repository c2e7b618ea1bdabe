"""Public keys that verify with one algorithm each (RFC 8725bis §3.1): the key decides, never the token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from keyturn.jose.ecdsa_signature import to_der
from keyturn.jose.errors import TokenError, TokenErrorReason

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import padding
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

_HASHES: dict[str, hashes.HashAlgorithm] = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
_ED25519_SIGNATURE_LENGTH = 64


class VerificationKey:
    """One public key, its `kid`, and the one `algorithm` that it is bound to, fully specified (RFC 9864)."""

    __slots__ = ("algorithm", "kid")

    def __init__(self, kid: str, algorithm: str) -> None:
        """Bind the key to its algorithm."""
        self.kid = kid
        self.algorithm = algorithm

    def verify(self, signing_input: bytes, signature: bytes) -> None:
        """Raise TokenError unless the signature is this key's over the signing input (RFC 7515 §5.2)."""
        try:
            valid = self._is_valid(signing_input, signature)
        except InvalidSignature:
            valid = False
        if not valid:
            raise TokenError(TokenErrorReason.INVALID_SIGNATURE)

    def _is_valid(self, _signing_input: bytes, _signature: bytes) -> bool:
        """Return whether the signature is valid, or raise InvalidSignature; the base class refuses every signature."""
        return False


class RsaKey(VerificationKey):
    """An RSA key with RSASSA-PKCS1-v1_5 (RFC 7518 §3.3) or RSASSA-PSS (§3.5)."""

    __slots__ = ("_hash", "_key", "_length", "_padding")

    def __init__(self, kid: str, algorithm: str, key: RSAPublicKey) -> None:
        """Take an algorithm RS… or PS…."""
        # A ring without a key of RSA costs no cold start this module.
        from cryptography.hazmat.primitives.asymmetric import padding

        super().__init__(kid, algorithm)
        self._key = key
        self._length = (key.key_size + 7) // 8
        self._hash = _HASHES[algorithm[2:]]
        self._padding: padding.PKCS1v15 | padding.PSS = padding.PKCS1v15()
        if algorithm.startswith("PS"):
            self._padding = padding.PSS(padding.MGF1(self._hash), self._hash.digest_size)

    def _is_valid(self, signing_input: bytes, signature: bytes) -> bool:
        if len(signature) != self._length:
            return False
        self._key.verify(signature, signing_input, self._padding, self._hash)
        return True


class _Ecdsa(ec.ECDSA):
    """ECDSA for verification: the base class asks what signing can do, and loads a whole backend for that."""

    def __init__(self, algorithm: hashes.HashAlgorithm) -> None:
        self._hash = algorithm

    @property
    def algorithm(self) -> hashes.HashAlgorithm:
        """The digest."""
        return self._hash


class EcdsaKey(VerificationKey):
    """A key on a NIST curve with ECDSA (RFC 7518 §3.4)."""

    __slots__ = ("_ecdsa", "_key")

    def __init__(self, kid: str, algorithm: str, key: ec.EllipticCurvePublicKey) -> None:
        """Take an algorithm ES… and a key on its curve."""
        super().__init__(kid, algorithm)
        self._key = key
        self._ecdsa = _Ecdsa(_HASHES[algorithm[2:]])

    def _is_valid(self, signing_input: bytes, signature: bytes) -> bool:
        der = to_der(signature, self.algorithm)
        if der is None:
            return False
        self._key.verify(der, signing_input, self._ecdsa)
        return True


class Ed25519Key(VerificationKey):
    """A key on edwards25519 with EdDSA (RFC 8037 §3.1, RFC 9864 §2.2)."""

    __slots__ = ("_key",)

    def __init__(self, kid: str, algorithm: str, key: Ed25519PublicKey) -> None:
        """Take the algorithm Ed25519."""
        super().__init__(kid, algorithm)
        self._key = key

    def _is_valid(self, signing_input: bytes, signature: bytes) -> bool:
        if len(signature) != _ED25519_SIGNATURE_LENGTH:
            return False
        self._key.verify(signature, signing_input)
        return True
