"""Verification of access tokens in a service of your own, by the issuer's JWKS; needs `cryptography` alone.

The layers leave this package out, and no function imports it: the authorizer reads the key rings instead.
"""

from __future__ import annotations

from keyturn.jose import TokenError, TokenErrorReason, VerifiedAccessToken
from keyturn.verifier.errors import IntrospectionUnavailable, JwksUnavailable, VerifierUnavailable
from keyturn.verifier.introspection import Introspection
from keyturn.verifier.jwks_verifier import JwksVerifier

__all__ = [
    "Introspection",
    "IntrospectionUnavailable",
    "JwksUnavailable",
    "JwksVerifier",
    "TokenError",
    "TokenErrorReason",
    "VerifiedAccessToken",
    "VerifierUnavailable",
]
