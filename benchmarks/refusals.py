"""Tokens that the verifier refuses: malformed, too long, of an unknown key, and with a forged signature."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import cycle

from benchmarks.contestants import FORGED
from benchmarks.material import Material
from keyturn.domain.base64url import encode
from keyturn.jose import KeySet, TokenError, TokenErrorReason, VerificationPolicy, verify_access_token
from keyturn.jose.compact import MAX_TOKEN_LENGTH

_REASONS = {
    "malformed": TokenErrorReason.INVALID_TOKEN,
    "oversized": TokenErrorReason.INVALID_TOKEN,
    "unknown kid": TokenErrorReason.UNKNOWN_KEY,
    "unknown kid, ever new header": TokenErrorReason.UNKNOWN_KEY,
    FORGED: TokenErrorReason.INVALID_SIGNATURE,
}
_HEADERS = 2000  # far more than the verifier remembers


def refused_tokens(material: Material) -> dict[str, list[str]]:
    """Return tokens to refuse, by what is wrong with them."""
    header, _, rest = material.unknown.partition(".")
    algorithm = material.algorithm
    headers = ({"typ": "at+jwt", "alg": algorithm, "kid": f"{number:043}"} for number in range(_HEADERS))
    ever_new = [f"{encode(json.dumps(each, separators=(',', ':')).encode())}.{rest}" for each in headers]
    return {
        "malformed": [material.token.replace(".", "", 1)],
        "oversized": [header + "." + "A" * MAX_TOKEN_LENGTH + "." + rest],
        "unknown kid": [material.unknown],
        "unknown kid, ever new header": ever_new,
        FORGED: [material.refused["tampered"]],
    }


def refusal(material: Material, kind: str, now: float) -> Callable[[], object]:
    """Return the refusal of one token after the other of this kind."""
    keys = KeySet.from_jwks({"keys": [material.jwk]})
    policy = VerificationPolicy(
        issuer=material.issuer, audiences={material.audience}, algorithms={material.algorithm}, leeway=10
    )
    tokens = refused_tokens(material)[kind]
    reason = _REASONS[kind]
    following = cycle(tokens)

    def refuse() -> None:
        try:
            verify_access_token(next(following), keys, policy, now)
        except TokenError as error:
            if error.reason is reason:
                return
        raise AssertionError(f"{kind}: not refused as such")

    return refuse
