"""PyJWT's verdict on a signature: the judge beside `keyturn.jose`, which shares neither its parser nor its encodings.

A fault of our own verifier could publish a key whose signatures nobody else accepts, or the wrong key. The rotator
alone imports this module, for the self-test of a new key.
"""

from __future__ import annotations

from typing import Any

from jwt import PyJWS
from jwt.exceptions import PyJWTError

# PyJWT 2 knows Ed25519 by the older name (RFC 8037 §3.1).
_PYJWT_NAMES = {"Ed25519": "EdDSA"}


def check_with_pyjwt(jwk: dict[str, str], algorithm: str, message: bytes, signature: bytes) -> None:
    """Raise ValueError unless PyJWT finds the signature, as JOSE encodes it, to be the JWK's over the message."""
    name = _PYJWT_NAMES.get(algorithm, algorithm)
    try:
        judge: Any = PyJWS().get_algorithm_by_name(name)
        # A key that was read from a JWK is compared with the algorithm's curve only when it is prepared.
        valid = judge.verify(message, judge.prepare_key(judge.from_jwk(jwk)), signature)
    except (PyJWTError, NotImplementedError, TypeError) as error:
        raise ValueError(f"PyJWT refuses the key: {error}") from None
    if valid is not True:
        raise ValueError("PyJWT refuses the signature")
