"""Client assertions (RFC 7523 §3): issuer, audience and lifetime."""

from __future__ import annotations

from typing import Any

import pytest

from keyturn.jose import KeySet, TokenError, verify_access_token
from keyturn.jose import TokenErrorReason as Reason
from keyturn.jose.client_assertion import VerifiedClientAssertion, claimed_client_id, verify_client_assertion
from tests.fakes.token_factory import (
    ABSENT,
    ALGORITHMS,
    ISSUER,
    NOW,
    SigningKey,
    key_set,
    make_token,
    policy,
    sign_raw,
    signing_key,
)

CLIENT = "web"
ENDPOINT = f"{ISSUER}/oauth2/token"


def assertion(
    *, key: SigningKey | None = None, typ: object = ABSENT, header: dict[str, Any] | None = None, **claims: Any
) -> str:
    """Return a signed assertion that lives for a minute, good but for the changes; ABSENT leaves a claim out."""
    good: dict[str, Any] = {"iss": CLIENT, "sub": CLIENT, "aud": ISSUER, "exp": NOW + 60, "jti": "j-1", "iat": NOW}
    bare = {"client_id": ABSENT, "scope": ABSENT}
    return make_token(key=key, header={"typ": typ} | (header or {}), claims=bare | good | claims)


def verify(
    raw: str, *, now: float = NOW, keys: KeySet | None = None, leeway: int = 10, client_id: str = CLIENT
) -> VerifiedClientAssertion:
    """Verify an assertion of a client that may name the issuer or its token endpoint."""
    return verify_client_assertion(
        raw,
        key_set() if keys is None else keys,
        client_id=client_id,
        audiences={ISSUER, ENDPOINT},
        leeway=leeway,
        now=now,
    )


def refusal(raw: str, **how: Any) -> Reason:
    """Return the reason for which an assertion is refused."""
    with pytest.raises(TokenError) as error:
        verify(raw, **how)
    return error.value.reason


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_algorithm_proves_a_client(algorithm: str) -> None:
    """A good assertion gives the client, the jti and when it ends, whatever algorithm its key has."""
    key = signing_key(algorithm)
    found = verify(assertion(key=key, exp=NOW + 59.5), keys=key_set(key))
    assert (found.client_id, found.jti, found.expires_at, found.kid) == (CLIENT, "j-1", NOW + 60, key.kid)


def test_the_polymorphic_name_of_ed25519() -> None:
    """Clients that say EdDSA mean Ed25519 (RFC 9864 §2.2)."""
    key = signing_key("Ed25519")
    claims = {"iss": CLIENT, "sub": CLIENT, "aud": ISSUER, "exp": NOW + 60, "jti": "j"}
    raw = make_token(key=key, header={"typ": ABSENT, "alg": "EdDSA"}, claims=claims)
    assert verify(raw, keys=key_set(key)).jti == "j"


@pytest.mark.parametrize("typ", ["JWT", "jwt", "client-authentication+jwt", "application/client-authentication+jwt"])
def test_types_of_an_assertion(typ: str) -> None:
    """An assertion says JWT, its own type, or nothing."""
    assert verify(assertion(typ=typ)).client_id == CLIENT


@pytest.mark.parametrize("typ", ["at+jwt", "application/at+jwt", "logout+jwt", "dpop+jwt", "authentication+jwt", " "])
def test_another_kind_of_token_is_no_assertion(typ: str) -> None:
    """R11: an access token or a proof that the same key signed authenticates nobody."""
    assert refusal(assertion(typ=typ)) is Reason.INVALID_TYPE


def test_an_assertion_is_no_access_token() -> None:
    """R11: an assertion that authenticates a client opens no resource."""
    with pytest.raises(TokenError) as error:
        verify_access_token(assertion(client_id=CLIENT), key_set(), policy(audiences={ISSUER}), now=NOW)
    assert error.value.reason is Reason.INVALID_TYPE


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"iss": "other"}, Reason.INVALID_ISSUER),
        ({"sub": "other"}, Reason.INVALID_ISSUER),
        ({"iss": "other", "sub": "other"}, Reason.INVALID_ISSUER),
        ({"iss": "WEB"}, Reason.INVALID_ISSUER),
        ({"iss": ABSENT}, Reason.INVALID_CLAIMS),
        ({"iss": [CLIENT]}, Reason.INVALID_CLAIMS),
        ({"sub": ABSENT}, Reason.INVALID_CLAIMS),
        ({"sub": 7}, Reason.INVALID_CLAIMS),
    ],
)
def test_a_client_speaks_for_itself(claims: dict[str, Any], reason: Reason) -> None:
    """R22: iss and sub are both the client, character by character (RFC 7523 §3, items 1 and 2)."""
    assert refusal(assertion(**claims)) is reason


def test_a_client_speaks_for_nobody_else() -> None:
    """R22: an assertion of one client does not authenticate another, even where both had the same key."""
    assert refusal(assertion(), client_id="other") is Reason.INVALID_ISSUER


@pytest.mark.parametrize("aud", [ISSUER, ENDPOINT])
def test_the_audience_is_one_accepted_string(aud: str) -> None:
    """R22: aud is a string that the caller accepts for this client (FAPI 2.0 §5.3.2.1)."""
    assert verify(assertion(aud=aud)).client_id == CLIENT


@pytest.mark.parametrize("aud", [ENDPOINT, [ENDPOINT], [ISSUER, ENDPOINT], [ENDPOINT, ISSUER]])
def test_the_token_endpoint_is_no_audience_by_itself(aud: object) -> None:
    """R22: the token endpoint's URL is refused where the caller accepts the issuer alone."""
    with pytest.raises(TokenError) as error:
        verify_client_assertion(assertion(aud=aud), key_set(), client_id=CLIENT, audiences={ISSUER}, leeway=10, now=NOW)
    assert error.value.reason is Reason.INVALID_AUDIENCE


@pytest.mark.parametrize(
    "aud",
    [
        pytest.param(["https://evil.example", ISSUER], id="a stranger first"),
        pytest.param([ISSUER, "https://evil.example"], id="a stranger last"),
        pytest.param(["https://evil.example", ENDPOINT], id="a stranger and the token endpoint"),
        pytest.param([ISSUER], id="a list of one"),
        pytest.param([ENDPOINT], id="a list of the token endpoint"),
        pytest.param([ISSUER, ISSUER], id="twice the same"),
        pytest.param([ISSUER, ENDPOINT], id="both accepted values"),
        pytest.param([ISSUER, f"{ISSUER}/"], id="a second spelling"),
    ],
)
def test_a_list_is_no_audience(aud: object) -> None:
    """R22: an assertion that names a second audience could be replayed here by it (CVE-2025-27370)."""
    assert refusal(assertion(aud=aud)) is Reason.INVALID_AUDIENCE


@pytest.mark.parametrize(
    ("aud", "reason"),
    [
        (f"{ISSUER}/", Reason.INVALID_AUDIENCE),
        (ISSUER.upper(), Reason.INVALID_AUDIENCE),
        (ISSUER.replace("https:", "http:"), Reason.INVALID_AUDIENCE),
        (f" {ISSUER}", Reason.INVALID_AUDIENCE),
        (f"{ISSUER}#", Reason.INVALID_AUDIENCE),
        (f"{ENDPOINT}/", Reason.INVALID_AUDIENCE),
        ("https://previous-issuer.example", Reason.INVALID_AUDIENCE),
        (f"{ISSUER} {ISSUER}", Reason.INVALID_AUDIENCE),
        (f"{ISSUER}/oauth2/introspect", Reason.INVALID_AUDIENCE),
        (f"{ISSUER}/oauth2/revoke", Reason.INVALID_AUDIENCE),
        (["https://elsewhere.example"], Reason.INVALID_AUDIENCE),
        ([], Reason.INVALID_CLAIMS),
        ("", Reason.INVALID_CLAIMS),
        (None, Reason.INVALID_CLAIMS),
        (True, Reason.INVALID_CLAIMS),
        ([[ISSUER]], Reason.INVALID_CLAIMS),
        ([ISSUER, 7], Reason.INVALID_CLAIMS),
        ({"a": ISSUER}, Reason.INVALID_CLAIMS),
        (ABSENT, Reason.INVALID_CLAIMS),
    ],
)
def test_an_assertion_for_another_server(aud: object, reason: Reason) -> None:
    """An assertion that a client gave to another server is refused."""
    assert refusal(assertion(aud=aud)) is reason


@pytest.mark.parametrize("exp", [NOW - 10, NOW - 10.5, 0, 1])
def test_an_assertion_ends(exp: float) -> None:
    """R14: an assertion is refused from the second of exp and leeway on."""
    assert refusal(assertion(exp=exp, iat=ABSENT)) is Reason.TOKEN_EXPIRED
    assert verify(assertion(exp=NOW - 9.5)).client_id == CLIENT


def test_an_assertion_lives_for_an_hour_at_most() -> None:
    """The jti has to be remembered until exp: one that lies further ahead than an hour and leeway is refused."""
    assert verify(assertion(exp=NOW + 3610)).expires_at == NOW + 3610
    assert refusal(assertion(exp=NOW + 3610.5)) is Reason.LIFETIME_TOO_LONG
    assert refusal(assertion(exp=NOW + 86_400)) is Reason.LIFETIME_TOO_LONG


@pytest.mark.parametrize("exp", [ABSENT, None, "1790000060", True, -1, 2**60, [NOW]])
def test_an_assertion_says_when_it_ends(exp: object) -> None:
    """Without an exp that is a number it would be good for ever (RFC 7523 §3, item 4)."""
    assert refusal(assertion(exp=exp)) is Reason.INVALID_CLAIMS


@pytest.mark.parametrize("claim", ["iat", "nbf"])
def test_an_assertion_of_the_future(claim: str) -> None:
    """R15: iat and nbf may be absent; where one is there, it does not lie ahead by more than the leeway."""
    assert verify(assertion(iat=ABSENT)).client_id == CLIENT
    ahead: list[dict[str, Any]] = [{claim: NOW + 10}, {claim: NOW + 10.5}, {claim: "soon"}]
    assert verify(assertion(**ahead[0])).client_id == CLIENT
    assert refusal(assertion(**ahead[1])) is Reason.TOKEN_NOT_YET_VALID
    assert refusal(assertion(**ahead[2])) is Reason.INVALID_CLAIMS


def test_a_clock_that_tells_nothing_refuses() -> None:
    """A clock that returns NaN refuses every assertion."""
    assert refusal(assertion(), now=float("nan")) is Reason.TOKEN_EXPIRED


@pytest.mark.parametrize("jti", ["j", "j" * 256, "ä"])
def test_a_jti_that_can_be_remembered(jti: str) -> None:
    """R16: a jti is 1 to 256 printable characters."""
    assert verify(assertion(jti=jti)).jti == jti


@pytest.mark.parametrize("jti", [ABSENT, None, "", "j" * 257, "a\nb", "\u2028", 7, ["j"]])
def test_a_jti_that_cannot(jti: object) -> None:
    """R16: an assertion without a jti is refused: a second use would be unrecognisable."""
    assert refusal(assertion(jti=jti)) is Reason.INVALID_CLAIMS


@pytest.mark.parametrize(
    "payload",
    [
        b'{"iss":"web","iss":"web","sub":"web","aud":"https://issuer.example","exp":1790000060,"jti":"j"}',
        b'{"iss":"web","sub":"web","aud":"https://issuer.example","exp":1790000060,"jti":"j","a":{"b":1,"b":1}}',
        b'{"iss":"web","sub":"web","aud":"https://issuer.example","exp":NaN,"jti":"j"}',
        b"[]",
        b"",
    ],
)
def test_a_payload_with_two_readings(payload: bytes) -> None:
    """R03: a payload that is not strict JSON is refused, though it is signed."""
    assert refusal(sign_raw(b'{"alg":"ES256","kid":"%s"}' % signing_key().kid.encode(), payload)) in {
        Reason.INVALID_CLAIMS,
        Reason.INVALID_TOKEN,
    }


def test_keys_that_do_not_prove_it() -> None:
    """R04, R07: a foreign key, another client's kid and a missing signature are refused."""
    other = signing_key(name="second")
    assert refusal(assertion(key=other)) is Reason.UNKNOWN_KEY
    assert refusal(assertion(), keys=key_set(other)) is Reason.UNKNOWN_KEY
    forged = make_token(key=other, header={"typ": "JWT", "kid": signing_key().kid})
    assert refusal(forged) is Reason.INVALID_SIGNATURE
    assert refusal(make_token(header={"typ": "JWT", "alg": "none"})) is Reason.ALGORITHM_NOT_ALLOWED
    assert refusal(make_token(header={"typ": "JWT", "alg": "HS256"})) is Reason.ALGORITHM_NOT_ALLOWED


def test_one_key_needs_no_kid() -> None:
    """OIDC Core §10.1: a client with one key may omit the kid; the key and its algorithm verify the assertion."""
    own, other = signing_key(), signing_key(name="second")
    assert verify(assertion(header={"kid": ABSENT})).kid == own.kid
    assert refusal(assertion(header={"kid": ABSENT}, key=other)) is Reason.INVALID_SIGNATURE
    of_another_algorithm = assertion(header={"kid": ABSENT}, key=signing_key("RS256"))
    assert refusal(of_another_algorithm) is Reason.ALGORITHM_MISMATCH


def test_several_keys_need_a_kid() -> None:
    """OIDC Core §10.1: the kid selects one of several keys; without a kid or a key, an assertion is refused."""
    keys = key_set(signing_key(), signing_key(name="second"))
    assert verify(assertion(), keys=keys).kid == signing_key().kid
    assert refusal(assertion(header={"kid": ABSENT}), keys=keys) is Reason.UNKNOWN_KEY
    assert refusal(assertion(header={"kid": ABSENT}), keys=KeySet(())) is Reason.UNKNOWN_KEY


@pytest.mark.parametrize("kid", [None, "", 1, "../../etc", "a" * 129, ["x"]])
def test_a_kid_that_is_none(kid: object) -> None:
    """A kid that is present has the form of one, also where one key is registered."""
    assert refusal(assertion(header={"kid": kid})) is Reason.INVALID_HEADER


@pytest.mark.parametrize("name", ["x5c", "x5t", "x5t#S256"])
@pytest.mark.parametrize("value", ["x", ["MIIB"], None, {}])
def test_a_certificate_is_ignored(name: str, value: object) -> None:
    """RFC 7515 §4.1.6 to §4.1.8: a certificate beside the signature proves nothing, and the registered key decides."""
    assert verify(assertion(header={name: value})).kid == signing_key().kid
    assert claimed_client_id(assertion(header={name: value}))
    stranger = assertion(header={name: value, "kid": signing_key().kid}, key=signing_key(name="second"))
    assert refusal(stranger) is Reason.INVALID_SIGNATURE


@pytest.mark.parametrize("name", ["jwk", "jku", "x5u", "crit", "b64", "zip", "cty", "enc"])
def test_a_header_that_names_a_key_or_changes_the_reading(name: str) -> None:
    """CVE-2018-0114, RFC 7515 §4.1.11: a key or a URL of keys is refused, and so is another reading of the token."""
    assert refusal(assertion(header={name: "x"})) is Reason.UNSUPPORTED_HEADER


def test_the_claimed_client_is_read_without_belief() -> None:
    """The client id that selects the keys is read before verification; text that is not a JWS raises."""
    assert claimed_client_id(assertion(sub="anybody")) == "anybody"
    for raw in ("", "a.b", "a.b.c", assertion(sub=ABSENT), assertion(sub="s" * 257)):
        with pytest.raises(TokenError):
            claimed_client_id(raw)
