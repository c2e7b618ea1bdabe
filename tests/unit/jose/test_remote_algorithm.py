"""PyJWT writes tokens that a key elsewhere signs (RFC 9068 §2, R28)."""

from __future__ import annotations

import contextlib
from itertools import product

import jwt
import pytest

from keyturn.domain.base64url import decode
from keyturn.jose import TokenError, TokenErrorReason, verify_access_token
from keyturn.jose.compact import MAX_TOKEN_LENGTH
from keyturn.jose.remote_algorithm import RemoteAlgorithm, encode_access_token, encode_id_token
from tests.fakes.token_factory import ALGORITHMS, AUDIENCE, ISSUER, NOW, good_claims, key_set, policy, signing_key


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_what_a_remote_key_signs_verifies(algorithm: str) -> None:
    """RFC 9068 §2: for every algorithm, the header is typ at+jwt, alg and kid alone, and the token verifies."""
    key = signing_key(algorithm)
    raw = encode_access_token(good_claims(), algorithm=algorithm, kid=key.kid, key=key)
    assert jwt.get_unverified_header(raw) == {"typ": "at+jwt", "alg": algorithm, "kid": key.kid}
    assert verify_access_token(raw, key_set(key), policy(), now=NOW).claims == good_claims()


def test_an_id_token_is_none_of_the_access_tokens() -> None:
    """R11, OIDC Core §2: signed by the same key, it says that it is another kind, and no verifier takes it for one."""
    key = signing_key()
    raw = encode_id_token(good_claims(), algorithm=key.algorithm, kid=key.kid, key=key)
    assert jwt.get_unverified_header(raw)["typ"] == "JWT"
    assert jwt.decode(raw, options={"verify_signature": False}) == good_claims()
    with pytest.raises(TokenError) as refused:
        verify_access_token(raw, key_set(key), policy(), now=NOW)
    assert refused.value.reason is TokenErrorReason.INVALID_TYPE


@pytest.mark.parametrize("algorithm", ["RS256", "PS384", "ES256", "ES384", "ES512"])
def test_pyjwt_verifies_what_a_remote_key_signed(algorithm: str) -> None:
    """RFC 7515 §5.2: another library accepts the token with the published key."""
    key = signing_key(algorithm)
    raw = encode_access_token(good_claims(), algorithm=algorithm, kid=key.kid, key=key)
    options: jwt.types.Options = {"verify_exp": False, "verify_iat": False}
    published = jwt.PyJWK(key.jwk)
    claims = jwt.decode(raw, published, algorithms=[algorithm], audience=AUDIENCE, issuer=ISSUER, options=options)
    assert claims == good_claims()


def test_any_user_of_pyjwt_can_register_it() -> None:
    """Public interface: a PyJWS of one's own signs with a remote key, whatever its payload."""
    jws = jwt.PyJWS(algorithms=[])
    jws.register_algorithm("ES256", RemoteAlgorithm("ES256"))
    key = signing_key("ES256")
    raw = jws.encode(b"payload", key, "ES256")  # type: ignore[arg-type]  # PyJWT names the keys of its own algorithms only
    assert jwt.PyJWS().decode(raw, jwt.PyJWK(key.jwk), algorithms=["ES256"]) == b"payload"


@pytest.mark.parametrize("name", ["HS256", "none", "EdDSA", ""])
def test_only_fully_specified_asymmetric_algorithms_sign(name: str) -> None:
    """R04, A1: HMAC, none and names without a curve are refused."""
    with pytest.raises(ValueError, match="algorithm"):
        RemoteAlgorithm(name)
    with pytest.raises(NotImplementedError):
        encode_access_token(good_claims(), algorithm=name, kid="k", key=signing_key())


def test_a_key_that_cannot_sign_is_refused() -> None:
    """Public interface: a PEM text, bytes or None in the place of a remote key is PyJWT's InvalidKeyError."""
    for key in ("-----BEGIN PRIVATE KEY-----", b"key", None):
        with pytest.raises(jwt.InvalidKeyError):
            RemoteAlgorithm("RS256").prepare_key(key)  # type: ignore[arg-type]


def test_verifying_and_exporting_are_left_to_the_public_half() -> None:
    """Public interface: a remote key neither verifies nor becomes a JWK."""
    algorithm = RemoteAlgorithm("RS256")
    with pytest.raises(NotImplementedError):
        algorithm.verify(b"", signing_key(), b"")
    with pytest.raises(NotImplementedError):
        RemoteAlgorithm.to_jwk(signing_key())
    with pytest.raises(NotImplementedError):
        RemoteAlgorithm.from_jwk("{}")


def test_a_token_that_our_verifier_would_refuse_is_never_written() -> None:
    """R02, R03: claims that make the token too long, or that hold NaN, are refused before anybody gets the token."""
    key = signing_key()
    for bad in ({"fill": "x" * MAX_TOKEN_LENGTH}, {"n": float("nan")}):
        with pytest.raises(ValueError, match=r"too many|JSON compliant"):
            encode_access_token(good_claims(**bad), algorithm="ES256", kid=key.kid, key=key)


def test_a_token_may_be_exactly_as_long_as_our_verifier_reads() -> None:
    """R02: the longest token that the verifier takes is written, without a space in it, and no longer one."""
    key, lengths = signing_key(), set()
    for kid, fill in product(("k", "kk", "kkk", "kkkk"), range(6000, 6100)):
        with contextlib.suppress(ValueError):
            token = encode_access_token({"fill": "x" * fill}, algorithm="ES256", kid=kid, key=key)
            lengths.add(len(token))
    assert max(lengths) == MAX_TOKEN_LENGTH
    short = encode_access_token({"a": 1, "b": 2}, algorithm="ES256", kid="k", key=key)
    assert decode(short.split(".")[1].encode()) == b'{"a":1,"b":2}'
