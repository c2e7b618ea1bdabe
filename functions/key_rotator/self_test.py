"""The test of a new key before it is published (invariant I10)."""

from __future__ import annotations

from keyturn.domain.errors import KeyturnError
from keyturn.domain.keys.key_ring import Intent
from keyturn.jose.ecdsa_signature import as_jose
from keyturn.jose.errors import TokenError
from keyturn.jose.jwk import parse_jwk
from keyturn.jose.public_key import public_jwk
from keyturn.ports import Signer

# The message is without a dot, so that a signature over it is never the signature of a token.
MESSAGE = b"keyturn self-test of a new signing key"


class SelfTestFailed(KeyturnError):
    """The key failed its test, and is never published."""


def describe_key(spki: bytes, algorithm: str) -> dict[str, str]:
    """Return the public JWK of KMS's response (RFC 7517 §4); raises SelfTestFailed for a key of another kind."""
    try:
        return public_jwk(spki, algorithm)
    except ValueError as error:
        raise SelfTestFailed(f"the new key is not one for {algorithm}: {error}") from None


def prove_key(signer: Signer, intent: Intent) -> None:
    """Sign with KMS's key, verify with the recorded public one; raises SelfTestFailed, and what the signer raises.

    Our verifier and PyJWT both have to accept the signature, as JOSE encodes it.
    """
    if intent.arn is None or intent.jwk is None:
        raise SelfTestFailed(f"the creation {intent.nonce} has no key yet")
    signature = signer.sign(intent.arn, intent.algorithm, MESSAGE)
    try:
        signature = as_jose(signature, intent.algorithm)
        parse_jwk(intent.jwk).verify(MESSAGE, signature)
        _check_independently(intent.jwk, intent.algorithm, signature)
    except (ValueError, TokenError) as error:
        raise SelfTestFailed(
            f"the new key {intent.jwk.get('kid')} makes signatures that do not verify: {error}"
        ) from None


def _check_independently(jwk: dict[str, str], algorithm: str, signature: bytes) -> None:
    """Raise ValueError unless PyJWT accepts the signature.

    PyJWT is loaded here and not with the module: an emergency has to work in an artifact that lacks it.
    """
    try:
        from keyturn.jose.pyjwt_verdict import check_with_pyjwt
    except ImportError:
        raise SelfTestFailed("PyJWT is missing from the dependencies layer: deploy a complete build") from None
    check_with_pyjwt(jwk, algorithm, MESSAGE, signature)
