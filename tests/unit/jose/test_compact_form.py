"""A token has one legal form and a header of which everything is understood (R01, R02, R04 to R07, R10)."""

from __future__ import annotations

import hmac
import json
from typing import Any

import pytest

from keyturn.domain.base64url import encode
from keyturn.jose import KeySet, TokenError, TokenErrorReason, verify_access_token, verify_jws
from keyturn.jose.compact import MAX_TOKEN_LENGTH
from keyturn.jose.verification_key import VerificationKey
from tests.fakes.token_factory import (
    ABSENT,
    ALGORITHMS,
    NOW,
    good_claims,
    good_header,
    jwks,
    key_set,
    make_token,
    policy,
    sign_raw,
    signing_key,
    unsigned,
)


class UntouchableKey(VerificationKey):
    """A key that fails the test when anybody verifies with it."""

    def verify(self, signing_input: bytes, signature: bytes) -> None:
        """Fail."""
        raise AssertionError("signature work before every header check has passed")


def refusal(raw: Any, keys: KeySet | None = None) -> TokenErrorReason:
    """Return why both ways of verifying refuse a token, without any signature work."""
    keys = keys or KeySet([UntouchableKey(signing_key().kid, signing_key().algorithm)])
    with pytest.raises(TokenError) as jws_error:
        verify_jws(raw, keys, frozenset(ALGORITHMS))
    with pytest.raises(TokenError) as error:
        verify_access_token(raw, keys, policy(), now=NOW)
    assert error.value.reason is jws_error.value.reason
    return error.value.reason


def test_a_good_token_is_accepted() -> None:
    """The token that every refusal in this file is a variation of is good."""
    token = verify_access_token(make_token(), key_set(), policy(), now=NOW)
    assert token.claims == good_claims()
    assert json.loads(verify_jws(make_token(), key_set(), frozenset({"ES256"}))) == good_claims()


@pytest.mark.parametrize("ending", ["=", "==", "\n", " ", "\0", ".", ".AA", "..", "%3D", "é", "\ud800", "?"])
def test_nothing_may_follow_a_token(ending: str) -> None:
    """R01, A11: padding, white space, a fourth segment or any character outside of base64url is refused."""
    key = signing_key()
    with pytest.raises(TokenError) as error:
        verify_jws(make_token(key=key) + ending, key_set(key), frozenset(ALGORITHMS))
    assert error.value.reason is TokenErrorReason.INVALID_TOKEN


@pytest.mark.parametrize("position", [0, 1, 2])
@pytest.mark.parametrize("stray", ["+", "/", "=", " ", "\n", "\t", "~", "%", ",", "\u00e9", "\uff21", "\udfff", "?"])
def test_a_stray_character_in_any_segment_is_refused(position: int, stray: str) -> None:
    """R01, A11: one character outside of base64url refuses the token, wherever it is."""
    segments = make_token().split(".")
    segments[position] = segments[position][:8] + stray + segments[position][8:]
    assert refusal(".".join(segments)) is TokenErrorReason.INVALID_TOKEN


@pytest.mark.parametrize("position", [0, 1, 2])
def test_non_zero_trailing_bits_are_refused_in_every_segment(position: int) -> None:
    """R01, A11: a segment that spells the same bytes another way is refused."""
    segments = [encode(part) for part in (b'{"alg":"ES256","kid":"k"}', b"{}  ", b"\x01" * 64)]
    assert [len(segment) % 4 for segment in segments] == [2, 2, 2]
    segments[position] = segments[position][:-1] + chr(ord(segments[position][-1]) + 1)
    keys = KeySet([UntouchableKey("k", "ES256")])
    with pytest.raises(TokenError) as error:
        verify_jws(".".join(segments), keys, frozenset({"ES256"}))
    assert error.value.reason is TokenErrorReason.INVALID_TOKEN


@pytest.mark.parametrize("count", [0, 1, 3, 4, 100, MAX_TOKEN_LENGTH])
def test_a_token_has_exactly_two_dots(count: int) -> None:
    """R01, R10, A13, A21: one segment, two, four, the five of a JWE, and a flood of dots are refused."""
    assert refusal("." * count) is TokenErrorReason.INVALID_TOKEN
    assert refusal(".".join(["eyJhbGciOiJub25lIn0"] * (count + 1))) is TokenErrorReason.INVALID_TOKEN


@pytest.mark.parametrize(
    ("position", "reason"), [(0, "INVALID_HEADER"), (1, "INVALID_SIGNATURE"), (2, "INVALID_SIGNATURE")]
)
def test_no_segment_may_be_missing(position: int, reason: str) -> None:
    """R01, R08, A1: a token without its header, its payload (detached) or its signature is refused."""
    segments = make_token().split(".")
    segments[position] = ""
    assert refusal(".".join(segments), key_set()) is TokenErrorReason[reason]


def test_an_empty_payload_is_signed_like_any_other() -> None:
    """RFC 7515 §7.1: a JWS over zero octets verifies as such, and is no access token."""
    raw = sign_raw(json.dumps(good_header(signing_key())).encode(), b"")
    assert verify_jws(raw, key_set(), frozenset({"ES256"})) == b""
    with pytest.raises(TokenError) as error:
        verify_access_token(raw, key_set(), policy(), now=NOW)
    assert error.value.reason is TokenErrorReason.INVALID_CLAIMS


def test_a_token_is_at_most_8_kib_long() -> None:
    """R02, A21: a good token of exactly the cap is accepted, one character more is refused before it is split."""
    key = signing_key("RS256")
    room = MAX_TOKEN_LENGTH - len(make_token(key=key, claims={"fill": ""}))
    filled = make_token(key=key, claims={"fill": "x" * (room * 3 // 4 - 1)})
    longest = filled if len(filled) == MAX_TOKEN_LENGTH else make_token(key=key, claims={"fill": "x" * (room * 3 // 4)})
    assert 8190 <= len(longest) <= MAX_TOKEN_LENGTH == 8192
    assert verify_access_token(longest, key_set(key), policy(), now=NOW).client_id == "web"
    assert refusal(longest + "A" * 4) is TokenErrorReason.INVALID_TOKEN
    assert refusal("A" * 1_000_000) is TokenErrorReason.INVALID_TOKEN
    assert refusal("." * 1_000_000) is TokenErrorReason.INVALID_TOKEN


@pytest.mark.parametrize("raw", [None, 1, b"a.b.c", ["a.b.c"], {"payload": "", "signatures": []}, object()])
def test_what_is_not_a_string_is_no_token(raw: object) -> None:
    """R18: a value that is not a string is refused like any bad token."""
    assert refusal(raw) is TokenErrorReason.INVALID_TOKEN


@pytest.mark.parametrize("signatures", ["[]", '[{"protected":"%s","signature":"%s"}]'])
def test_the_json_serializations_are_refused(signatures: str) -> None:
    """R10, A12: the general and the flattened JSON serialization, and a polyglot around a good token, are refused."""
    header, payload, signature = make_token().split(".")
    general = f'{{"payload":"{payload}","signatures":{signatures.replace("%s", header, 1).replace("%s", signature)}}}'
    flattened = f'{{"protected":"{header}","payload":"{payload}","signature":"{signature}"}}'
    polyglot = f'{{" {header}.{payload}.{signature}":1}}'
    for raw in (general, flattened, polyglot):
        assert refusal(raw) is TokenErrorReason.INVALID_TOKEN


@pytest.mark.parametrize(
    "alg", ["none", "None", "NoNe", "nOnE", "", "HS256", "HS384", "HS512", "rs256", "RS256 ", "ES521"]
)
def test_an_algorithm_outside_of_the_allow_list_is_refused(alg: str) -> None:
    """R04, A1, A2: none in any case, HMAC, and any other spelling of a good name are refused."""
    token = unsigned(good_header(signing_key(), alg=alg))
    assert refusal(token) is TokenErrorReason.ALGORITHM_NOT_ALLOWED


@pytest.mark.parametrize("alg", [None, 256, True, ["ES256"], {"name": "ES256"}, ABSENT])
def test_an_algorithm_that_is_not_a_string_is_refused(alg: object) -> None:
    """R04, A1: a null, numeric, list or missing alg is refused."""
    assert refusal(unsigned(good_header(signing_key(), alg=alg))) is TokenErrorReason.INVALID_HEADER


def test_hmac_with_a_public_key_as_the_secret_is_refused() -> None:
    """R04, A2: a MAC keyed with the public key, in any encoding of it, is refused even where a caller allows HS256."""
    key = signing_key("RS256")
    header = encode(json.dumps(good_header(key, alg="HS256")).encode())
    signing_input = f"{header}.{encode(json.dumps(good_claims()).encode())}"
    for secret in (key.spki, json.dumps(key.jwk).encode(), json.dumps(jwks(key)).encode(), b" " + key.spki, b""):
        mac = hmac.new(secret, signing_input.encode(), "sha256").digest()
        with pytest.raises(TokenError) as error:
            verify_jws(f"{signing_input}.{encode(mac)}", key_set(key), frozenset({"RS256", "HS256"}))
        assert error.value.reason is TokenErrorReason.ALGORITHM_MISMATCH


@pytest.mark.parametrize("crit", [["exp"], [], ["alg"], ["b64"], "exp", None, 0, False])
def test_crit_is_refused_whatever_it_says(crit: object) -> None:
    """R05, A14: no extension is implemented, so crit refuses the token, an empty or malformed one too."""
    assert refusal(unsigned(good_header(signing_key(), crit=crit))) is TokenErrorReason.UNSUPPORTED_HEADER


@pytest.mark.parametrize("value", [True, False, None, "", "DEF", "JWT", 100_000])
@pytest.mark.parametrize("name", ["b64", "zip", "cty", "enc", "p2c", "p2s", "epk", "apu", "apv", "iv", "tag"])
def test_parameters_that_change_the_reading_are_refused(name: str, value: object) -> None:
    """R05, R10, A13, A15, A21: b64, zip, cty, enc, p2c and the rest of JWE refuse the token whatever their value."""
    assert refusal(unsigned(good_header(signing_key(), **{name: value}))) is TokenErrorReason.UNSUPPORTED_HEADER


@pytest.mark.parametrize("name", ["jwk", "jku", "x5u", "x5c", "x5t", "x5t#S256"])
def test_a_key_or_a_pointer_to_one_in_the_token_is_refused(name: str) -> None:
    """R06, A5: an attacker's key in the header, or where to find it, refuses a token that it verifies."""
    attacker = signing_key("ES256", "attacker")
    value = attacker.jwk if name == "jwk" else "https://attacker.example/jwks.json"
    token = make_token(key=attacker, header={"kid": signing_key().kid, name: value})
    assert refusal(token) is TokenErrorReason.UNSUPPORTED_HEADER


def test_an_unknown_header_parameter_is_ignored() -> None:
    """RFC 7515 §4: an unknown parameter that is not critical is ignored."""
    assert verify_access_token(make_token(header={"nonce": "n"}), key_set(), policy(), now=NOW).jti


@pytest.mark.parametrize(
    "kid",
    [
        *(None, 1, True, ["k"], {"k": "v"}, "", "k" * 129, "k" * 5000, "k.l", "k l", "k\n", "\0", "kéy", ABSENT),
        *("../../../dev/null", "' OR 1=1 --", "key;id", "${jndi:ldap://x}", "https://attacker.example/k", "k\u212a"),
    ],
)
def test_a_kid_is_a_short_base64url_string(kid: object) -> None:
    """R07, A7: a missing, non-string, long or odd kid is refused before any look-up: no path, query or URL passes."""
    assert refusal(unsigned(good_header(signing_key(), kid=kid))) is TokenErrorReason.INVALID_HEADER


@pytest.mark.parametrize("kid", ["unknown", "k" * 128, "__class__", "keys", "0"])
def test_an_unknown_kid_is_refused_before_any_cryptography(kid: str) -> None:
    """R07: a kid that the set lacks is refused, and other keys of the set are never tried."""
    assert refusal(unsigned(good_header(signing_key(), kid=kid))) is TokenErrorReason.UNKNOWN_KEY


@pytest.mark.parametrize("typ", [None, 1, ["at+jwt"], {"typ": "at+jwt"}, False])
def test_a_typ_that_is_not_a_string_is_refused(typ: object) -> None:
    """R11: a typ of another type is refused."""
    assert refusal(unsigned(good_header(signing_key(), typ=typ))) is TokenErrorReason.INVALID_HEADER


@pytest.mark.parametrize(
    "header",
    [
        *(b"", b"{", b"[]", b"null", b'"alg"', b"\xef\xbb\xbf{}", b'{"alg":"ES256","alg":"ES256","kid":"k"}'),
        *(
            b'{"alg":"ES256","kid":"k","a":NaN}',
            b'{"alg":"ES256","kid":"k","a":1e999}',
            '{"alg":"ES256"}'.encode("utf-16"),
        ),
        *(b'{"alg":"ES256","kid":"k","a":' + b"[" * 30 + b"]" * 30 + b"}", b'{"alg":"ES256","kid":"k\xff"}'),
    ],
)
def test_a_header_that_is_not_strict_json_is_refused(header: bytes) -> None:
    """R03, A16, A17, A18, A21: a header with duplicate members, another encoding, NaN or deep nesting is refused."""
    assert refusal(sign_raw(header, b"{}")) is TokenErrorReason.INVALID_HEADER


def test_a_refused_header_is_refused_again() -> None:
    """R18: the cache of parsed headers leaves verdicts unchanged, for the same header twice and for another key set."""
    known, other = signing_key(), signing_key("ES256", "other")
    token = make_token(key=known)
    for _ in range(2):
        assert verify_access_token(token, key_set(known), policy(), now=NOW).kid == known.kid
        assert refusal(token, key_set(other)) is TokenErrorReason.UNKNOWN_KEY
        assert refusal(unsigned(good_header(known, crit=["x"]))) is TokenErrorReason.UNSUPPORTED_HEADER
