"""Any input gives a token or a TokenError, and PyJWT and joserfc accept every accepted token (R18)."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from keyturn.domain.base64url import decode, encode
from keyturn.jose import TokenError, verify_access_token
from tests.fakes.oracles import KEYS, POLICY, judge
from tests.fakes.token_factory import (
    AUDIENCE,
    ISSUER,
    NOW,
    SigningKey,
    good_claims,
    good_header,
    key_set,
    make_token,
    sign_raw,
    unsigned,
)

GOOD = {algorithm: make_token(key=key) for algorithm, key in KEYS.items()}

JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from([NOW, NOW + 900, ISSUER, AUDIENCE]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
HEADER_NAMES = st.sampled_from(["alg", "kid", "typ", "crit", "b64", "zip", "jwk", "jku", "x5c", "nonce"]) | st.text()
CLAIM_NAMES = st.sampled_from([*good_claims(), "nbf", "sid", "gid", "cnf"]) | st.text()


def test_the_oracles_agree_on_good_tokens() -> None:
    """R18: the property below is not empty: good tokens of each kind of key are accepted by all three."""
    for raw in GOOD.values():
        assert judge(raw) is not None


@given(
    st.text() | st.text("AQgw_-.=eyJ{}", max_size=200) | st.binary() | st.none() | st.integers() | st.lists(st.text())
)
def test_any_input_is_a_token_or_a_token_error(raw: Any) -> None:
    """R18: any text, and any other value, raises TokenError alone."""
    assert judge(raw) is None


@given(st.sampled_from(sorted(GOOD)), st.data())
def test_a_token_with_another_character_is_refused(algorithm: str, data: st.DataObject) -> None:
    """R01, R08: replacing, inserting or dropping characters of a good token never gives another good one."""
    raw = GOOD[algorithm]
    start = data.draw(st.integers(0, len(raw)))
    end = data.draw(st.integers(start, min(len(raw), start + 3)))
    changed = raw[:start] + data.draw(st.text(max_size=2) | st.text("AQgw_-.=", max_size=2)) + raw[end:]
    assert (judge(changed) is not None) == (changed == raw)


@given(st.sampled_from(sorted(GOOD)), st.binary(max_size=140))
def test_no_made_up_signature_is_accepted(algorithm: str, signature: bytes) -> None:
    """R08, A8: random bytes in the place of the signature are refused."""
    assert judge(unsigned(good_header(KEYS[algorithm]), signature=signature or b"\0")) is None


@settings(max_examples=max(300, settings().max_examples))
@given(st.sampled_from(sorted(KEYS)), HEADER_NAMES, JSON_VALUES, CLAIM_NAMES, JSON_VALUES, st.booleans())
def test_signed_tokens_with_any_parameter_and_claim_are_judged(
    algorithm: str, name: str, value: Any, claim: str, claim_value: Any, ascii_only: bool
) -> None:
    """R18: well-signed tokens with any header parameter and any claim are accepted by all three, or refused by us."""
    key = KEYS[algorithm]
    header = good_header(key) | ({name: value} if ascii_only else {})
    claims = good_claims() | {claim: claim_value}
    judge(sign(header, claims, key, ascii_only))


@given(st.sampled_from(sorted(KEYS)), st.binary(max_size=60), st.binary(max_size=60))
def test_signed_tokens_with_any_bytes_are_judged(algorithm: str, header: bytes, payload: bytes) -> None:
    """R18: a key's owner who signs any bytes at all gets a TokenError."""
    key = KEYS[algorithm]
    good = json.dumps(good_header(key)).encode()
    assert judge(sign_raw(header, payload, key)) is None
    assert judge(sign_raw(good, payload, key)) is None


@given(st.integers(-(2**60), 2**60) | st.floats(), st.integers(-(2**60), 2**60) | st.floats(), st.integers(0, 2**40))
def test_time_arithmetic_never_fails(issued_at: float, expires_at: float, now: int) -> None:
    """R14, R15, A18: any pair of numbers as iat and exp, at any time, is accepted within the rules or refused."""
    raw = make_token(claims={"iat": issued_at, "exp": expires_at})
    try:
        token = verify_access_token(raw, key_set(), POLICY, now=now)
    except TokenError:
        return
    assert token.issued_at - POLICY.leeway <= now < token.expires_at + POLICY.leeway
    assert 0 < token.expires_at - token.issued_at <= POLICY.max_lifetime + 1


def sign(header: dict[str, Any], claims: dict[str, Any], key: SigningKey, ascii_only: bool) -> str:
    """Return the signed token, its JSON escaped or in plain UTF-8; lone surrogates stay escaped."""
    texts = [json.dumps(part, ensure_ascii=ascii_only) for part in (header, claims)]
    header_bytes, payload = (text.encode("utf-8", "replace") for text in texts)
    raw = sign_raw(header_bytes, payload, key)
    assert decode(raw.split(".")[0].encode()) == header_bytes
    assert encode(payload) == raw.split(".")[1]
    return raw
