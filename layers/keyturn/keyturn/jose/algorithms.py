"""The signature algorithms that Keyturn knows (RFC 7518 §3.1, RFC 9864), and the one type of key of each."""

from __future__ import annotations

# Asymmetric only: an attacker can use the public key as the secret of a verifier that accepts HMAC (CVE-2015-9235).
KEY_KIND = {
    "RS256": ("RSA", None),
    "RS384": ("RSA", None),
    "RS512": ("RSA", None),
    "PS256": ("RSA", None),
    "PS384": ("RSA", None),
    "PS512": ("RSA", None),
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
    "ES512": ("EC", "P-521"),
    "Ed25519": ("OKP", "Ed25519"),
}

# RFC 9864 §2.2 replaces the name that does not say the curve; a key has the fully-specified name.
_POLYMORPHIC_NAMES = {"EdDSA": "Ed25519"}

ALGORITHM_NAMES = frozenset(KEY_KIND) | frozenset(_POLYMORPHIC_NAMES)


def fully_specified(name: str) -> str:
    """Return the fully-specified name of an algorithm (RFC 9864 §2); other names come back as they are."""
    return _POLYMORPHIC_NAMES.get(name, name)
