"""Every claim has the right type and value, or the token is refused (R11 to R16, A18, A19, A20)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from keyturn.jose import (
    ANY_AUDIENCE,
    TokenError,
    TokenErrorReason,
    VerificationPolicy,
    VerifiedAccessToken,
    verify_access_token,
)
from keyturn.jose.claims import is_identifier
from tests.fakes.token_factory import (
    ABSENT,
    AUDIENCE,
    ISSUER,
    NOW,
    good_claims,
    good_header,
    key_set,
    make_token,
    policy,
    sign_raw,
    signing_key,
)

NO_STRINGS: tuple[Any, ...] = (None, 1, 1.5, True, [], ["x"], {}, {"a": "b"})
BAD_IDENTIFIERS: tuple[Any, ...] = (
    *NO_STRINGS,
    "",
    "x" * 257,
    "a\nb",
    "a\r\nb",
    "\0",
    "\x1b[0m",
    "a\x7f",
    "a\u0085b",
    "a\u2028b",
)
BAD_DATES: tuple[Any, ...] = (None, True, False, "1790000000", "", [], [NOW], {}, -1, -0.5, 2**53 + 1, 1e300)


def accept(*, now: float = NOW, rules: VerificationPolicy | None = None, **claims: Any) -> VerifiedAccessToken:
    """Return the verified token that has these changes to good claims."""
    return verify_access_token(make_token(claims=claims), key_set(), rules or policy(), now=now)


def refusal(*, now: float = NOW, rules: VerificationPolicy | None = None, **claims: Any) -> TokenErrorReason:
    """Return why a token with these changes to good claims is refused."""
    with pytest.raises(TokenError) as error:
        accept(now=now, rules=rules, **claims)
    return error.value.reason


def test_a_verified_token_tells_its_claims() -> None:
    """RFC 9068 §2.2: the verified token has each claim in its own type, and all that was signed."""
    token = accept(sid="s1", gid="g1", aud=[AUDIENCE, "other"], plan="gold")
    assert (token.issuer, token.subject, token.client_id) == (ISSUER, good_claims()["sub"], "web")
    assert (token.jti, token.session_id, token.grant_id) == (good_claims()["jti"], "s1", "g1")
    assert (token.audience, token.scope) == ((AUDIENCE, "other"), frozenset({"orders:read", "orders:write"}))
    assert (token.issued_at, token.expires_at, token.kid) == (NOW, NOW + 900, signing_key().kid)
    assert token.claims["plan"] == "gold"
    bare = accept(scope=ABSENT)
    assert (bare.session_id, bare.grant_id, bare.scope, bare.audience) == (None, None, frozenset(), (AUDIENCE,))


@pytest.mark.parametrize("typ", ["at+jwt", "AT+JWT", "At+Jwt", "application/at+jwt", "Application/AT+JWT"])
def test_an_access_token_says_that_it_is_one(typ: str) -> None:
    """R11: at+jwt is accepted in any case, and with the prefix application/."""
    assert verify_access_token(make_token(header={"typ": typ}), key_set(), policy(), now=NOW)


@pytest.mark.parametrize(
    "typ",
    [
        *(ABSENT, "", "JWT", "jwt", "id+jwt", "logout+jwt", "dpop+jwt", "secevent+jwt", "at+jwt ", " at+jwt", "at+jw"),
        *(
            "at+jwt;v=1",
            "application/",
            "application/application/at+jwt",
            "text/at+jwt",
            "x/at+jwt",
            "at jwt",
            "\uff41t+jwt",
        ),
    ],
)
def test_another_kind_of_token_is_refused(typ: object) -> None:
    """R11, A20: an ID token, a logout token, a DPoP proof or an untyped JWT of the same key is refused."""
    with pytest.raises(TokenError) as error:
        verify_access_token(make_token(header={"typ": typ}), key_set(), policy(), now=NOW)
    assert error.value.reason is TokenErrorReason.INVALID_TYPE


@pytest.mark.parametrize("name", ["iss", "sub", "aud", "exp", "iat", "jti", "client_id"])
def test_a_required_claim_may_not_be_missing(name: str) -> None:
    """R12 to R16: each claim that RFC 9068 requires is required."""
    changes: dict[str, Any] = {name: ABSENT}
    assert refusal(**changes) is TokenErrorReason.INVALID_CLAIMS


@pytest.mark.parametrize(
    "issuer", [ISSUER + "/", ISSUER.upper(), ISSUER[:-1], ISSUER + "x", "http://issuer.example", " " + ISSUER, "x"]
)
def test_the_issuer_is_compared_exactly(issuer: str) -> None:
    """R12, A19: a prefix, a longer string, another case or scheme, or a trailing slash is another issuer."""
    assert refusal(iss=issuer) is TokenErrorReason.INVALID_ISSUER


@pytest.mark.parametrize("issuer", [*NO_STRINGS, [ISSUER], {"iss": ISSUER}, ""])
def test_the_issuer_is_a_string(issuer: object) -> None:
    """R12, A19: a list that holds the issuer is not the issuer."""
    assert refusal(iss=issuer) is TokenErrorReason.INVALID_CLAIMS


def test_a_previous_issuer_is_accepted_while_it_is_configured() -> None:
    """R12: while the issuer's URL changes, tokens of the former one are accepted, and of no third one."""
    rules = policy(issuer="https://new.example", previous_issuers={ISSUER})
    assert accept(rules=rules).issuer == ISSUER
    assert accept(rules=rules, iss="https://new.example").issuer == "https://new.example"
    assert refusal(rules=rules, iss="https://third.example") is TokenErrorReason.INVALID_ISSUER


@pytest.mark.parametrize(
    "audience", ["https://api.example/", "https://api.exampl", AUDIENCE.upper(), ["other"], AUDIENCE + " x"]
)
def test_the_audience_is_compared_exactly(audience: object) -> None:
    """R13, A19: an audience that merely contains an accepted one, or is contained in it, is another."""
    assert refusal(aud=audience) is TokenErrorReason.INVALID_AUDIENCE


@pytest.mark.parametrize(
    "audience", [None, 1, True, {}, {AUDIENCE: 1}, [], "", [AUDIENCE, 1], [AUDIENCE, ""], [[AUDIENCE]]]
)
def test_the_audience_is_a_string_or_a_list_of_strings(audience: object) -> None:
    """R13, A19: an empty audience, or a list with anything but strings, is refused though it holds an accepted one."""
    for rules in (policy(), policy(audiences=ANY_AUDIENCE)):
        assert refusal(aud=audience, rules=rules) is TokenErrorReason.INVALID_CLAIMS


def test_one_of_several_audiences_is_enough() -> None:
    """R13: the token's audiences and the accepted ones need one in common; the issuer itself accepts any."""
    rules = policy(audiences={"https://a.example", AUDIENCE})
    assert accept(rules=rules, aud=["x", AUDIENCE]).audience == ("x", AUDIENCE)
    assert refusal(rules=rules, aud=["x", "y"]) is TokenErrorReason.INVALID_AUDIENCE
    assert accept(rules=policy(audiences=ANY_AUDIENCE), aud="anything").audience == ("anything",)


@pytest.mark.parametrize("leeway", [0, 10, 60])
def test_expiry_is_refused_from_the_second_of_exp_and_leeway_on(leeway: int) -> None:
    """R14: at exp + leeway the token is refused, one second earlier it is accepted."""
    rules = policy(leeway=leeway)
    end = NOW + 900 + leeway
    assert accept(rules=rules, now=end - 1)
    assert refusal(rules=rules, now=end) is TokenErrorReason.TOKEN_EXPIRED
    assert refusal(rules=rules, now=end + 10**9) is TokenErrorReason.TOKEN_EXPIRED


def test_a_token_lives_no_longer_than_the_ceiling() -> None:
    """R14: exp - iat of exactly the ceiling is accepted, one second more is refused."""
    rules = policy(max_lifetime=600)
    assert accept(rules=rules, exp=NOW + 600)
    assert refusal(rules=rules, exp=NOW + 601) is TokenErrorReason.LIFETIME_TOO_LONG
    assert refusal(rules=rules, exp=NOW + 600.5) is TokenErrorReason.LIFETIME_TOO_LONG
    assert refusal(exp=2**53) is TokenErrorReason.LIFETIME_TOO_LONG


@pytest.mark.parametrize("expires_at", [NOW, NOW - 1, 0])
def test_a_token_expires_after_it_was_issued(expires_at: int) -> None:
    """R14: an exp that is not after iat is refused."""
    assert refusal(exp=expires_at) is TokenErrorReason.INVALID_CLAIMS


@pytest.mark.parametrize("value", BAD_DATES)
@pytest.mark.parametrize("name", ["exp", "iat", "nbf"])
def test_a_date_is_a_number_in_range(name: str, value: Any) -> None:
    """R14, R15, A18: a date that is a bool, a string, a list, null, negative or beyond 2^53 is refused."""
    assert refusal(**{name: value}) is TokenErrorReason.INVALID_CLAIMS


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity", "1e400", "9" * 400, "1" + "0" * 20])
@pytest.mark.parametrize("name", ["exp", "iat", "nbf"])
def test_a_date_is_finite(name: str, literal: str) -> None:
    """R14, A18: NaN, Infinity, a float that overflows and a giant integer are refused, and raise nothing else."""
    payload = json.dumps(good_claims(**{name: "@"})).replace('"@"', literal).encode()
    token = sign_raw(json.dumps(good_header(signing_key())).encode(), payload)
    with pytest.raises(TokenError) as error:
        verify_access_token(token, key_set(), policy(), now=NOW)
    assert error.value.reason is TokenErrorReason.INVALID_CLAIMS


@pytest.mark.parametrize("name", ["iat", "nbf"])
def test_a_token_of_the_future_is_refused(name: str) -> None:
    """R15: iat and nbf may lie in the future by exactly the leeway, and not by a second more."""
    at_the_leeway: dict[str, Any] = {name: NOW + 10}
    beyond: dict[str, Any] = {name: NOW + 11}
    assert accept(**at_the_leeway)
    assert refusal(**beyond) is TokenErrorReason.TOKEN_NOT_YET_VALID


def test_a_clock_that_is_no_number_refuses() -> None:
    """ASVS 16.5.3: a caller's broken clock accepts nothing."""
    assert refusal(now=float("nan")) is TokenErrorReason.TOKEN_EXPIRED


def test_the_epoch_is_a_date() -> None:
    """R14, R15: zero is in range, for tests with a clock of their own."""
    assert accept(iat=0, nbf=0, exp=900, now=899).expires_at == 900


def test_fractions_of_a_second_are_rounded_to_the_safe_side() -> None:
    """R14: dates may have fractions; iat is rounded down and exp up, so that a revocation never hits too little."""
    token = accept(iat=NOW - 0.75, exp=NOW + 99.25)
    assert (token.issued_at, token.expires_at) == (NOW - 1, NOW + 100)


@pytest.mark.parametrize("value", BAD_IDENTIFIERS)
@pytest.mark.parametrize("name", ["sub", "jti", "client_id", "sid", "gid"])
def test_an_identifier_is_a_short_printable_string(name: str, value: Any) -> None:
    """R16, A19: an identifier of another type, empty, over 256 characters, or with control characters is refused."""
    assert refusal(**{name: value}) is TokenErrorReason.INVALID_CLAIMS


@pytest.mark.parametrize("value", ["x", "x" * 256, "Zoë 🙂", "a b", "auth0|123", "urn:x:1", "\u00a0"])
def test_an_identifier_may_be_any_printable_text(value: str) -> None:
    """R16: identifiers of other issuers are accepted as they are, up to 256 characters."""
    assert accept(sub=value, jti=value, client_id=value).subject == value


def test_no_more_is_refused_in_an_identifier_than_what_breaks_a_line_or_has_no_utf_8() -> None:
    """R16: controls, line separators and surrogates alone are refused, regardless of what Python can print."""
    refused = {code for code in range(0x110000) if not is_identifier(f"a{chr(code)}b")}
    assert refused == {*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029, *range(0xD800, 0xE000)}


@pytest.mark.parametrize("length", [0, 1, 256, 257])
def test_an_identifier_has_1_to_256_characters(length: int) -> None:
    """R16: the same bounds hold for a token and for the command that names one."""
    assert is_identifier("x" * length) is (1 <= length <= 256)


@pytest.mark.parametrize("name", ["a", "x" * 255, "x" * 256, "x" * 257, "x" * 900])
def test_a_scope_of_any_length_is_read(name: str) -> None:
    """R16: scopes that are too long to be kept for other tokens are still read."""
    assert accept(scope=f"{name} b").scope == {name, "b"}


@pytest.mark.parametrize("scope", [*NO_STRINGS, "", " ", "a  b", " a", "a ", "a\tb", 'a"b', "a\\b", "é", "a\n"])
def test_a_scope_follows_its_grammar(scope: object) -> None:
    """R16: a scope that is no string, or breaks the grammar of RFC 6749 §3.3, is refused."""
    assert refusal(scope=scope) is TokenErrorReason.INVALID_CLAIMS


GOOD = json.dumps(good_claims())


@pytest.mark.parametrize(
    "payload",
    [
        *(
            GOOD.encode("utf-16"),
            GOOD.encode("utf-16-le"),
            GOOD.encode("utf-8-sig"),
            GOOD.encode() + b"\0",
            b"[%s]" % GOOD.encode(),
        ),
        *(
            f"{GOOD[:-1]}{more}}}".encode()
            for more in (',"sub":"u_0"', ',"\\u0073ub":"u_0"', ',"x":NaN', ',"x":-Infinity')
        ),
        *(f"{GOOD[:-1]}{more}}}".encode() for more in (',"x":1e400', f',"x":{"9" * 21}', ',"x":"\\ud800"', ',"x":1,')),
        *(f'{GOOD[:-1]},"x":{"[" * depth}{"]" * depth}}}'.encode() for depth in (16, 2500)),
        GOOD.replace("web", "w\x01b").encode(),
        GOOD.encode().replace(b"web", b"w\xffb"),
    ],
)
def test_good_claims_that_are_not_strict_json_are_refused(payload: bytes) -> None:
    """R03, A16, A17, A18, A21: another encoding, a duplicate, no number or deep nesting refuses a signed payload."""
    token = sign_raw(json.dumps(good_header(signing_key())).encode(), payload)
    with pytest.raises(TokenError) as error:
        verify_access_token(token, key_set(), policy(), now=NOW)
    assert error.value.reason is TokenErrorReason.INVALID_CLAIMS
