"""ID tokens of other issuers (OpenID Connect Core §3.1.3.7)."""

from __future__ import annotations

from typing import Any

import pytest

from keyturn.jose import KeySet, TokenError, verify_access_token
from keyturn.jose import TokenErrorReason as Reason
from keyturn.jose.id_token import IdTokenPolicy, VerifiedIdToken, verify_id_token
from tests.fakes.token_factory import (
    ABSENT,
    ALGORITHMS,
    ISSUER,
    NOW,
    key_set,
    make_token,
    policy,
    sign_raw,
    signing_key,
)

CLIENT_ID = "our-client"
NONCE = "n-0S6_WzA2Mj"


def rules(**changes: Any) -> IdTokenPolicy:
    """Return the policy that good ID tokens satisfy, with changes."""
    return IdTokenPolicy(**({"issuer": ISSUER, "client_id": CLIENT_ID, "algorithms": set(ALGORITHMS)} | changes))


def id_token(*, typ: object = "JWT", **claims: Any) -> str:
    """Return a signed ID token, good but for the changes; ABSENT leaves a claim out."""
    good = {"aud": CLIENT_ID, "nonce": NONCE, "scope": ABSENT, "client_id": ABSENT, "jti": ABSENT}
    return make_token(header={"typ": typ}, claims=good | claims)


def verify(
    raw: str, *, nonce: str | None = NONCE, now: float = NOW, keys: KeySet | None = None, **changes: Any
) -> VerifiedIdToken:
    """Verify an ID token by the rules, with changes."""
    return verify_id_token(raw, keys or key_set(), rules(**changes), nonce=nonce, now=now)


def refusal(raw: str, **how: Any) -> Reason:
    """Return the reason for which an ID token is refused."""
    with pytest.raises(TokenError) as error:
        verify(raw, **how)
    return error.value.reason


@pytest.mark.parametrize("typ", ["JWT", "jwt", "application/jwt", ABSENT])
def test_a_good_id_token_tells_who_is_there(typ: object) -> None:
    """An ID token of type JWT, or of none, gives issuer, subject, audience and all claims."""
    token = verify(id_token(typ=typ, auth_time=NOW - 5.5, email="a@example"))
    assert (token.issuer, token.audience, token.authenticated_at) == (ISSUER, (CLIENT_ID,), NOW - 6)
    assert token.subject == "u_0123456789abcdef0123456789abcdef"
    assert token.claims["email"] == "a@example"
    assert token.kid == signing_key().kid
    assert verify(id_token()).authenticated_at is None


@pytest.mark.parametrize("typ", ["at+jwt", "application/at+jwt", "logout+jwt", "dpop+jwt", "JWS", " "])
def test_a_token_of_another_kind_is_no_id_token(typ: str) -> None:
    """R11, A20: the same key signs access tokens, logout tokens and proofs, which do not authenticate a user."""
    assert refusal(id_token(typ=typ)) is Reason.INVALID_TYPE


def test_an_id_token_is_no_access_token() -> None:
    """R11, A20: the rules exclude each other: what is one is never the other, by the same keys and issuer."""
    with pytest.raises(TokenError) as error:
        verify_access_token(id_token(client_id="x", jti="x"), key_set(), policy(audiences={CLIENT_ID}), now=NOW)
    assert error.value.reason is Reason.INVALID_TYPE


@pytest.mark.parametrize("issuer", [f"{ISSUER}/", ISSUER.upper(), "https://issuer.exampl", f"{ISSUER} "])
def test_the_issuer_is_ours_character_by_character(issuer: str) -> None:
    """R12: a slash, a case or a prefix makes another issuer."""
    assert refusal(id_token(iss=issuer)) is Reason.INVALID_ISSUER


@pytest.mark.parametrize(
    ("claims", "changes"),
    [
        ({"aud": "somebody"}, {}),
        ({"aud": ["somebody"]}, {}),
        ({"aud": [CLIENT_ID, "somebody"], "azp": CLIENT_ID}, {}),
        ({"aud": [CLIENT_ID, "partner"]}, {"trusted_audiences": {"partner"}}),
        ({"aud": ["partner"], "azp": CLIENT_ID}, {"trusted_audiences": {"partner"}}),
        ({"azp": "somebody"}, {}),
        ({"azp": None}, {}),
        ({"azp": [CLIENT_ID]}, {}),
    ],
)
def test_the_token_is_for_this_client_and_asked_for_by_it(claims: dict[str, Any], changes: dict[str, Any]) -> None:
    """R13, A19: an audience that is not trusted, several without azp, or another's azp refuse it (§3.1.3.7 3 to 5)."""
    assert refusal(id_token(**claims), **changes) is Reason.INVALID_AUDIENCE


def test_an_audience_that_is_trusted_may_stand_beside_the_client() -> None:
    """R13: an audience of the policy is known where azp names the client."""
    token = verify(id_token(aud=["partner", CLIENT_ID], azp=CLIENT_ID), trusted_audiences={"partner"})
    assert token.audience == ("partner", CLIENT_ID)
    assert verify(id_token(azp=CLIENT_ID)).audience == (CLIENT_ID,)


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        (NONCE, "other"),
        (NONCE, ABSENT),
        (NONCE, None),
        (NONCE, [NONCE]),
        (NONCE, ""),
        (None, NONCE),
        (None, ""),
        ("", ""),
    ],
)
def test_the_nonce_is_that_of_the_request(asked: str | None, answered: object) -> None:
    """Another request's token is refused, and so is one with a nonce where none was sent (§3.1.3.7 11)."""
    assert refusal(id_token(nonce=answered), nonce=asked) is Reason.INVALID_NONCE


def test_a_request_without_a_nonce_gets_none() -> None:
    """A token without a nonce answers a request that sent none; any text can be one."""
    assert verify(id_token(nonce=ABSENT), nonce=None).claims["sub"]
    assert verify(id_token(nonce="é 漢"), nonce="é 漢").claims["sub"]
    assert refusal(id_token(), nonce="\ud800") is Reason.INVALID_NONCE


@pytest.mark.parametrize(
    ("claims", "now", "reason"),
    [
        ({"exp": NOW - 10, "iat": NOW - 100}, NOW, Reason.TOKEN_EXPIRED),
        ({"exp": ABSENT}, NOW, Reason.INVALID_CLAIMS),
        ({"iat": ABSENT}, NOW, Reason.INVALID_CLAIMS),
        ({"iat": NOW + 11, "exp": NOW + 100}, NOW, Reason.TOKEN_NOT_YET_VALID),
        ({"nbf": NOW + 11}, NOW, Reason.TOKEN_NOT_YET_VALID),
        ({"exp": NOW + 86_401}, NOW, Reason.LIFETIME_TOO_LONG),
        ({}, float("nan"), Reason.TOKEN_EXPIRED),
        ({"sub": ABSENT}, NOW, Reason.INVALID_CLAIMS),
        ({"sub": 1}, NOW, Reason.INVALID_CLAIMS),
        ({"auth_time": "1"}, NOW, Reason.INVALID_CLAIMS),
    ],
)
def test_times_and_types_hold_as_for_any_token(claims: dict[str, Any], now: float, reason: Reason) -> None:
    """R14, R15, R16: a claim that is missing, late, early, too long or of another type refuses the token."""
    assert refusal(id_token(**claims), now=now) is reason


def test_boundaries_of_time() -> None:
    """R14: at exp + leeway the token is gone, a moment before it is not; a day is the longest life by default."""
    verify(id_token(exp=NOW - 9, iat=NOW - 100))
    verify(id_token(exp=NOW + 86_400))
    verify(id_token(exp=NOW + 1), leeway=0, max_lifetime=1)
    assert refusal(id_token(exp=NOW + 2), leeway=0, max_lifetime=1) is Reason.LIFETIME_TOO_LONG


def test_the_user_authenticated_lately_enough() -> None:
    """If max_age is set, auth_time is required and at most max_age and the leeway old (§3.1.3.7 13)."""
    verify(id_token(auth_time=NOW - 310), max_age=300)
    assert refusal(id_token(auth_time=NOW - 311), max_age=300) is Reason.AUTHENTICATION_TOO_OLD
    assert refusal(id_token(), max_age=300) is Reason.INVALID_CLAIMS
    assert refusal(id_token(auth_time=NOW - 311), max_age=0) is Reason.AUTHENTICATION_TOO_OLD


def test_what_holds_for_every_token_holds_here() -> None:
    """R01, R04, R07, R08: form, algorithm, key and signature are those of the one verifier."""
    assert refusal("x") is Reason.INVALID_TOKEN
    assert refusal(id_token(), algorithms={"RS256"}) is Reason.ALGORITHM_NOT_ALLOWED
    assert refusal(id_token(), keys=key_set(signing_key(name="other"))) is Reason.UNKNOWN_KEY
    head, _, signature = id_token().rpartition(".")
    assert refusal(f"{head}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}") is Reason.INVALID_SIGNATURE
    header = b'{"alg":"ES256","kid":"%s"}' % signing_key().kid.encode()
    assert refusal(sign_raw(header, b"[]")) is Reason.INVALID_CLAIMS
