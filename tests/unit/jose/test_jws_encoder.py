"""The tokens that our encoder writes, beside PyJWT's and joserfc's reading of them (RFC 9068 §2, R28)."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from itertools import product
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import assume, example, given
from hypothesis import strategies as st
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import import_key
from jwt.algorithms import ECAlgorithm, OKPAlgorithm

from keyturn.domain.base64url import decode
from keyturn.jose import TokenError, TokenErrorReason, verify_access_token
from keyturn.jose.compact import MAX_TOKEN_LENGTH
from keyturn.jose.jws_encoder import encode_access_token, encode_id_token
from tests.fakes.token_factory import (
    ALGORITHMS,
    AUDIENCE,
    ISSUER,
    NOW,
    SigningKey,
    good_claims,
    key_set,
    policy,
    signing_key,
)

# Every character, surrogates too: json.loads gives a lone one for a claim like "\ud800".
TEXTS = st.text(st.characters(exclude_categories=()), max_size=8)
NUMBERS = st.integers(-(10**40), 10**40) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda values: st.lists(values, max_size=3) | st.dictionaries(TEXTS, values, max_size=3),
    max_leaves=8,
)
CLAIMS = st.dictionaries(TEXTS | st.sampled_from(["sub", "aud", "exp", "scope"]), VALUES, max_size=5)
KIDS = st.text("abcXYZ019-_", min_size=1, max_size=43)


class Recorded:
    """A key whose one ECDSA signature is made once, in the encoding of KMS; PyJWT takes it for a private key."""

    def __init__(self, key: SigningKey) -> None:
        self._signature = key.sign(b"a message")
        self.curve = key.private.curve if isinstance(key.private, ec.EllipticCurvePrivateKey) else None

    def sign(self, signing_input: bytes, algorithm: object = None) -> bytes:
        """Return the recorded signature."""
        return self._signature


class AnyEcKey(ECAlgorithm):
    """PyJWT's ECDSA, which converts the signature itself, with any object for a key."""

    def prepare_key(self, key: Any) -> Any:
        """Return the key as it is."""
        return key


def pyjwt_encode(claims: dict[str, Any], algorithm: str, kid: str, typ: str, key: Any) -> str:
    """Return the token that PyJWT writes with its own algorithms alone."""
    encoder = jwt.PyJWT()
    # PyJWT knows Ed25519 by its older name alone, and its ECDSA takes no recorded signature.
    own = OKPAlgorithm() if algorithm == "Ed25519" else AnyEcKey(ECAlgorithm.SHA256) if algorithm == "ES256" else None
    if own is not None:
        encoder._jws = jwt.PyJWS(algorithms=[])
        encoder._jws.register_algorithm(algorithm, own)
    return encoder.encode(claims, key, algorithm, {"typ": typ, "kid": kid})


@pytest.mark.parametrize("algorithm", ["RS256", "Ed25519", "ES256"])
@given(claims=CLAIMS, kid=KIDS, access=st.booleans())
@example(claims={}, kid="k", access=True)
@example(claims={"\ud800": "\udfff", "é": "\U0001f600\x00\x7f\u2028</"}, kid="-", access=False)
@example(claims={"n": [10**300, -0.0, 1e-7, 1e16, True, None], "m": {"": {}, "b": [], "a": ""}}, kid="_", access=True)
def test_a_token_has_the_bytes_of_pyjwt(algorithm: str, claims: dict[str, Any], kid: str, access: bool) -> None:
    """RFC 7515 §7.1: for any claims, the token equals the one that PyJWT writes and signs by itself."""
    # PyJWT refuses an issuer of another type than a string, and writes any other claim as it is.
    assume(isinstance(claims.get("iss", ""), str))
    key = signing_key(algorithm)
    remote = Recorded(key) if algorithm == "ES256" else key
    encode, typ = (encode_access_token, "at+jwt") if access else (encode_id_token, "JWT")
    expected = pyjwt_encode(claims, algorithm, kid, typ, remote if algorithm == "ES256" else key.private)
    assert encode(claims, algorithm=algorithm, kid=kid, key=remote) == expected


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_what_a_remote_key_signs_verifies(algorithm: str) -> None:
    """RFC 9068 §2: for every algorithm, the header is typ at+jwt, alg and kid alone, and the token verifies."""
    key = signing_key(algorithm)
    raw = encode_access_token(good_claims(), algorithm=algorithm, kid=key.kid, key=key)
    assert jwt.get_unverified_header(raw) == {"typ": "at+jwt", "alg": algorithm, "kid": key.kid}
    assert verify_access_token(raw, key_set(key), policy(), now=NOW).claims == good_claims()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_joserfc_verifies_what_a_remote_key_signed(algorithm: str) -> None:
    """RFC 7515 §5.2: a library that shares no code with PyJWT accepts the token with the published key."""
    key = signing_key(algorithm)
    raw = encode_access_token(good_claims(), algorithm=algorithm, kid=key.kid, key=key)
    token = joserfc_jwt.decode(raw, import_key(dict(key.jwk)), algorithms=[algorithm])
    assert token.claims == good_claims()


@pytest.mark.parametrize("algorithm", ["RS256", "PS384", "ES256", "ES384", "ES512"])
def test_pyjwt_verifies_what_a_remote_key_signed(algorithm: str) -> None:
    """RFC 7515 §5.2: another library accepts the token with the published key."""
    key = signing_key(algorithm)
    raw = encode_access_token(good_claims(), algorithm=algorithm, kid=key.kid, key=key)
    options: jwt.types.Options = {"verify_exp": False, "verify_iat": False}
    published = jwt.PyJWK(key.jwk)
    claims = jwt.decode(raw, published, algorithms=[algorithm], audience=AUDIENCE, issuer=ISSUER, options=options)
    assert claims == good_claims()


def test_an_id_token_is_none_of_the_access_tokens() -> None:
    """R11, OIDC Core §2: signed by the same key, it says that it is another kind, and no verifier takes it for one."""
    key = signing_key()
    raw = encode_id_token(good_claims(), algorithm=key.algorithm, kid=key.kid, key=key)
    assert jwt.get_unverified_header(raw)["typ"] == "JWT"
    assert jwt.decode(raw, options={"verify_signature": False}) == good_claims()
    with pytest.raises(TokenError) as refused:
        verify_access_token(raw, key_set(key), policy(), now=NOW)
    assert refused.value.reason is TokenErrorReason.INVALID_TYPE


class NeverSigns:
    """A key that must not be asked."""

    def sign(self, signing_input: bytes) -> bytes:
        """Fail the test."""
        raise AssertionError("the key was asked for a signature")


@pytest.mark.parametrize("name", ["HS256", "none", "EdDSA", ""])
def test_only_fully_specified_asymmetric_algorithms_sign(name: str) -> None:
    """R04, A1: HMAC, none and names without a curve are refused before the key is asked."""
    with pytest.raises(ValueError, match=r"^the algorithm is not one that Keyturn knows$"):
        encode_access_token(good_claims(), algorithm=name, kid="k", key=NeverSigns())


@pytest.mark.parametrize("kid", ["", "a b", "k" * 129, "ключ", None])
def test_a_kid_that_our_verifier_would_refuse_is_never_written(kid: Any) -> None:
    """R07: a token whose kid no verifier of ours reads is refused before the key is asked."""
    with pytest.raises(ValueError, match=r"^kid is 1 to 128 characters \[A-Za-z0-9_-\]$"):
        encode_access_token(good_claims(), algorithm="ES256", kid=kid, key=NeverSigns())


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_a_number_that_json_lacks_is_never_written(number: float) -> None:
    """R03, RFC 8259 §6: NaN and the infinities, which PyJWT writes, are refused before the key is asked."""
    with pytest.raises(ValueError, match="JSON compliant"):
        encode_access_token(good_claims(n=[number]), algorithm="ES256", kid="k", key=NeverSigns())


def test_a_token_may_be_exactly_as_long_as_our_verifier_reads() -> None:
    """R02: the longest token that the verifier takes is written, and no longer one."""
    key, lengths = signing_key(), set()
    for kid, fill in product(("k", "kk", "kkk", "kkkk"), range(6000, 6100)):
        with contextlib.suppress(ValueError):
            token = encode_access_token({"fill": "x" * fill}, algorithm="ES256", kid=kid, key=Recorded(key))
            lengths.add(len(token))
    assert max(lengths) == MAX_TOKEN_LENGTH
    with pytest.raises(ValueError, match=rf"longer than {MAX_TOKEN_LENGTH} characters: its claims are too many"):
        encode_access_token({"fill": "x" * MAX_TOKEN_LENGTH}, algorithm="ES256", kid="k", key=key)


def test_a_payload_has_no_space_and_keeps_the_order_of_its_claims() -> None:
    """RFC 7515 §5.1: the payload's bytes are the claims in the caller's order, and the header's members are sorted."""
    header, payload, _ = encode_access_token({"b": 1, "a": 2}, algorithm="ES256", kid="k", key=signing_key()).split(".")
    assert decode(payload.encode()) == b'{"b":1,"a":2}'
    assert decode(header.encode()) == b'{"alg":"ES256","kid":"k","typ":"at+jwt"}'


@pytest.mark.parametrize("signature", [b"", b"\x00" * 64, b"0\x06\x02\x01\x00\x02\x01\x01"])
def test_an_answer_of_kms_that_is_no_signature_gives_no_token(signature: bytes) -> None:
    """RFC 7518 §3.4: a signature that is not DER, or with r or s out of its range, ends with an error."""

    class Damaged:
        def sign(self, signing_input: bytes) -> bytes:
            return signature

    with pytest.raises(ValueError, match=r"ASN\.1|parsing|curve|signature"):
        encode_access_token(good_claims(), algorithm="ES256", kid="k", key=Damaged())


def test_the_encoder_loads_no_pyjwt() -> None:
    """P12: a fresh interpreter writes tokens without PyJWT."""
    program = "import sys; import keyturn.jose.jws_encoder; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout.split()
    assert "jwt" not in loaded
