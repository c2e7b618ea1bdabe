"""The error of a refused token, with a closed list of reasons."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING


class TokenErrorReason(enum.Enum):
    """A reason to refuse a token, with a sentence for a developer; the value is stable and safe in a log or metric."""

    explanation: str

    def __new__(cls, code: str, explanation: str) -> TokenErrorReason:
        """Make the code the value, and keep the sentence beside it."""
        member = object.__new__(cls)
        member._value_ = code
        member.explanation = explanation
        return member

    INVALID_TOKEN = (
        "invalid_token",
        "The token is not a compact JWS: three canonical, unpadded base64url segments and two dots, at most 8 KiB.",
    )
    INVALID_HEADER = (
        "invalid_header",
        "The header is not a strict JSON object; or alg, typ or kid (1 to 128 of [A-Za-z0-9_-]) is wrong.",
    )
    UNSUPPORTED_HEADER = (
        "unsupported_header",
        "The header has a parameter that brings a key or another way to verify, such as jwk, crit or b64.",
    )
    INVALID_TYPE = (
        "invalid_type",
        "The header's typ is wrong for this kind of token: at+jwt for an access token, JWT or none for others.",
    )
    ALGORITHM_NOT_ALLOWED = (
        "algorithm_not_allowed",
        "The header's alg is not, in exactly this spelling, one of the algorithms that the verifier allows.",
    )
    UNKNOWN_KEY = (
        "unknown_key",
        "No key in the key set has the header's kid.",
    )
    ALGORITHM_MISMATCH = (
        "algorithm_mismatch",
        "The header's alg is not the one algorithm that the key is bound to.",
    )
    INVALID_SIGNATURE = (
        "invalid_signature",
        "The signature does not verify with the key that the header's kid names.",
    )
    INVALID_CLAIMS = (
        "invalid_claims",
        "The payload is not a strict JSON object; or a claim is missing, of the wrong type, too long or out of range.",
    )
    INVALID_ISSUER = (
        "invalid_issuer",
        "The iss claim is not, character by character, an issuer that the verifier accepts.",
    )
    INVALID_AUDIENCE = (
        "invalid_audience",
        "None of the values in the aud claim is an audience that the verifier accepts.",
    )
    TOKEN_EXPIRED = (
        "token_expired",
        "The exp claim lies in the past by the leeway or more.",
    )
    TOKEN_NOT_YET_VALID = (
        "token_not_yet_valid",
        "The nbf or iat claim lies in the future by more than the leeway: compare the clocks.",
    )
    LIFETIME_TOO_LONG = (
        "lifetime_too_long",
        "The token lives longer, from iat to exp, than the verifier's ceiling allows.",
    )
    INVALID_NONCE = (
        "invalid_nonce",
        "The nonce claim of the ID token is not the one of the authentication request.",
    )
    AUTHENTICATION_TOO_OLD = (
        "authentication_too_old",
        "The auth_time claim of the ID token lies further in the past than max_age allows.",
    )
    SENDER_CONSTRAINED = (
        "sender_constrained",
        "The token is bound to a key (cnf), and a bearer request does not prove the key.",
    )
    TOKEN_INACTIVE = (
        "token_inactive",
        "The issuer says at introspection that the token is inactive: it is revoked, or not for this client to see.",
    )


class TokenError(Exception):
    """A refused token: `reason` says why, and the error repeats no part of the token."""

    args: tuple[TokenErrorReason]

    if TYPE_CHECKING:
        # Anybody can cause a refusal: a constructor in Python would be a tenth of its instructions.
        def __init__(self, reason: TokenErrorReason) -> None: ...

    @property
    def reason(self) -> TokenErrorReason:
        """The reason alone: an attacker's text cannot reach a log."""
        return self.args[0]

    def __str__(self) -> str:
        """Return the reason's sentence."""
        return self.reason.explanation
