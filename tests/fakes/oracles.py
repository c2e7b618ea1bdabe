"""Oracles of the verifier: it returns a token or raises TokenError, and PyJWT and joserfc accept the same token."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import jwt
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import import_key
from joserfc.jws import JWSRegistry

from keyturn.jose import TokenError, VerifiedAccessToken, verify_access_token, verify_jws
from keyturn.jose.compact import MAX_TOKEN_LENGTH
from keyturn.jose.id_token import IdTokenPolicy, verify_id_token
from tests.fakes.token_factory import ALGORITHMS, AUDIENCE, ISSUER, NOW, key_set, policy, signing_key

KEYS = {algorithm: signing_key(algorithm) for algorithm in ("RS256", "PS256", "ES256", "ES512", "Ed25519")}
KEY_SET = key_set(*KEYS.values())
POLICY = policy()
ID_POLICY = IdTokenPolicy(issuer=ISSUER, client_id=AUDIENCE, algorithms=set(ALGORITHMS))
ALL = frozenset({*ALGORITHMS, "EdDSA"})
JOSERFC_CLAIMS = joserfc_jwt.JWTClaimsRegistry(
    now=NOW, leeway=10, iss={"essential": True, "value": ISSUER}, aud={"essential": True, "value": AUDIENCE}
)


def judge(raw: Any) -> VerifiedAccessToken | None:
    """Return the token, or None for a TokenError; any other exception fails the test, as does an oracle's refusal."""
    try:
        payload = verify_jws(raw, KEY_SET, ALL)
    except TokenError:
        payload = None
    with contextlib.suppress(TokenError):
        verify_id_token(raw, KEY_SET, ID_POLICY, nonce=None, now=NOW)
        assert payload is not None
    try:
        token = verify_access_token(raw, KEY_SET, POLICY, now=NOW)
    except TokenError:
        return None
    assert payload is not None
    assert json.loads(payload) == token.claims
    ask_oracles(raw, token)
    return token


def ask_oracles(raw: str, token: VerifiedAccessToken) -> None:
    """Assert that PyJWT and joserfc accept the token that we accepted, and read the same claims."""
    key = next(key for key in KEYS.values() if key.kid == token.kid)
    algorithm = jwt.get_unverified_header(raw)["alg"]
    if algorithm != "Ed25519":  # PyJWT knows the older name alone
        options: jwt.types.Options = {"verify_exp": False, "verify_iat": False, "verify_nbf": False}
        claims = jwt.decode(raw, jwt.PyJWK(key.jwk), [algorithm], options, audience=AUDIENCE, issuer=ISSUER)
        assert claims == token.claims
    public = import_key({name: key.jwk[name] for name in ("kty", "crv", "n", "e", "x", "y") if name in key.jwk})
    # By default joserfc refuses parameters that it does not know, which RFC 7515 §4 has ignored, and longer headers.
    registry = JWSRegistry(algorithms=[algorithm], strict_check_header=False)
    registry.max_header_length = MAX_TOKEN_LENGTH
    claims = joserfc_jwt.decode(raw, public, registry=registry).claims
    JOSERFC_CLAIMS.validate(claims)
    assert claims == token.claims
