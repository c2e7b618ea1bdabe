"""Strict verification of signed tokens (RFC 7515, RFC 7519, RFC 9068), without I/O, clocks and PyJWT.

The signing side is in modules that are imported by their own names: `keyturn.jose.jws_encoder`,
`keyturn.jose.public_key` and, with PyJWT, `keyturn.jose.remote_algorithm` and `keyturn.jose.pyjwt_verdict`.
"""

from __future__ import annotations

from keyturn.jose.access_token import VerifiedAccessToken
from keyturn.jose.errors import TokenError, TokenErrorReason
from keyturn.jose.key_set import KeySet
from keyturn.jose.policy import ANY_AUDIENCE, VerificationPolicy
from keyturn.jose.verify import verify_access_token, verify_jws

__all__ = [
    "ANY_AUDIENCE",
    "KeySet",
    "TokenError",
    "TokenErrorReason",
    "VerificationPolicy",
    "VerifiedAccessToken",
    "verify_access_token",
    "verify_jws",
]
