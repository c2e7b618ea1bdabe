"""Client authentication by private_key_jwt (RFC 7523): the client's identity, and each assertion once (R22, R23)."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from keyturn.domain.clients.client import hash_secret
from keyturn.jose import KeySet
from keyturn.jose.client_assertion import verify_client_assertion
from tests.fakes.at_once import at_once
from tests.fakes.client_assertions import ASSERTION_TYPE, assertion_event, client_key, keyed_client, make_assertion
from tests.fakes.http_api_event import basic, form_event
from tests.fakes.issuer_harness import INTROSPECT, REVOKE, SECRET, TOKEN, Answer, IssuerHarness
from tests.fakes.token_factory import ABSENT, ISSUER, NOW, SigningKey, signing_key
from token_issuer.client_authentication import private_key_jwt

GRANT = {"grant_type": "client_credentials"}


@pytest.fixture(autouse=True)
def client(issuer: IssuerHarness) -> None:
    """Register a client with a key."""
    issuer.clients.add(keyed_client())


def ask(issuer: IssuerHarness, assertion: str, **parameters: str) -> Answer:
    """Return the answer to a token request."""
    return issuer.send(assertion_event(TOKEN, assertion, **(GRANT | parameters)))


def assert_refused(answer: Answer) -> None:
    """Assert that the answer is the same invalid_client as for any other failure."""
    assert answer.json == {"error": "invalid_client", "error_description": "client authentication failed"}
    assert answer.status == 401
    assert answer.headers["www-authenticate"].startswith("Basic realm=")


def test_a_key_opens_every_endpoint(issuer: IssuerHarness) -> None:
    """Token, introspection and revocation endpoints accept the same kind of assertion."""
    token = ask(issuer, make_assertion()).json["access_token"]
    about = issuer.send(assertion_event(INTROSPECT, make_assertion(), token=token))
    assert about.json["client_id"] == "keyed"
    assert issuer.send(assertion_event(REVOKE, make_assertion(), token=token)).status == 200
    assert len(issuer.revocations.writes) == 1
    assert len(issuer.assertions.used) == 3


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "Ed25519", "RS512", "PS384", "ES384"])
def test_algorithms(issuer: IssuerHarness, algorithm: str) -> None:
    """A client's key may have any advertised algorithm, independent of the issuer's own keys."""
    key = client_key(algorithm)
    issuer.clients.add(keyed_client("other", jwks=(signing_key(name="spare").jwk, key.jwk)))
    assert ask(issuer, make_assertion("other", key=key)).status == 200


ENDPOINTS = [TOKEN, REVOKE, INTROSPECT]


def present(issuer: IssuerHarness, path: str, client_id: str, aud: object) -> Answer:
    """Return the answer of an endpoint to an assertion for this audience."""
    assertion = make_assertion(client_id, claims={"aud": aud})
    return issuer.send(assertion_event(path, assertion, token="abc", **GRANT))


@pytest.mark.parametrize("path", ENDPOINTS)
def test_the_issuer_is_the_audience_at_every_endpoint(issuer: IssuerHarness, path: str) -> None:
    """R22: every client may use the issuer identifier as the audience, at every endpoint."""
    issuer.clients.add(keyed_client("registered", token_endpoint_audience=True))
    for client_id in ("keyed", "registered"):
        assert present(issuer, path, client_id, ISSUER).status == 200


@pytest.mark.parametrize("path", ENDPOINTS)
def test_the_token_endpoint_is_an_audience_by_registration(issuer: IssuerHarness, path: str) -> None:
    """R22: the token endpoint's URL is an audience only for a client that is registered for it."""
    issuer.clients.add(keyed_client("registered", token_endpoint_audience=True))
    assert present(issuer, path, "registered", f"{ISSUER}{TOKEN}").status == 200
    assert_refused(present(issuer, path, "keyed", f"{ISSUER}{TOKEN}"))


@pytest.mark.parametrize("registered", [False, True])
@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize(
    "aud",
    [
        ["https://evil.example", ISSUER],
        [ISSUER, "https://evil.example"],
        [f"{ISSUER}{TOKEN}", "https://evil.example"],
        [ISSUER, f"{ISSUER}{TOKEN}"],
        [ISSUER],
        [ISSUER, ISSUER],
        f"{ISSUER}{REVOKE}",
        f"{ISSUER}{INTROSPECT}",
    ],
)
def test_an_assertion_that_names_somebody_else(
    issuer: IssuerHarness, capsys: pytest.CaptureFixture[str], path: str, registered: bool, aud: object
) -> None:
    """R22: an assertion that also names a second server, which could replay it here, is refused and not stored."""
    issuer.clients.add(keyed_client("asking", token_endpoint_audience=registered))
    assert_refused(present(issuer, path, "asking", aud))
    assert "client assertion: invalid_audience" in capsys.readouterr().out
    assert issuer.assertions.used == {}


def test_no_other_name_is_the_issuers(issuer: IssuerHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """R22, RFC 7523 §3: any other audience is refused: an assertion for another server may be stolen."""
    issuer.clients.add(keyed_client("registered", token_endpoint_audience=True))
    names: list[Any] = []

    def noted_verify(*arguments: Any, **rules: Any) -> Any:
        names.append(rules["audiences"])
        return verify_client_assertion(*arguments, **rules)

    monkeypatch.setattr(private_key_jwt, "verify_client_assertion", noted_verify)
    for path in ("/", REVOKE, INTROSPECT, TOKEN + "/", TOKEN.upper()):
        assert_refused(ask(issuer, make_assertion("registered", claims={"aud": ISSUER + path})))
    for aud in (ISSUER.upper(), ISSUER.replace("https:", "http:"), "https://token.example", TOKEN):
        assert_refused(ask(issuer, make_assertion("registered", claims={"aud": aud})))
    assert names == [{ISSUER, f"{ISSUER}{TOKEN}"}] * 9
    assert_refused(ask(issuer, make_assertion(claims={"aud": TOKEN})))
    assert names[9:] == [{ISSUER}]


def test_client_id_beside_an_assertion(issuer: IssuerHarness) -> None:
    """The client_id of the form may be absent; a value other than the assertion's is invalid_request (R22)."""
    assert ask(issuer, make_assertion(), client_id="keyed").status == 200
    answer = ask(issuer, make_assertion(), client_id="web")
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("path", [TOKEN, REVOKE, INTROSPECT])
@pytest.mark.parametrize(
    ("header", "claims"),
    [
        pytest.param({}, {"iss": "web"}, id="another iss"),
        pytest.param({}, {"sub": "web"}, id="another sub"),
        pytest.param({}, {"iss": "web", "sub": "web"}, id="a client without keys"),
        pytest.param({}, {"iss": "nobody", "sub": "nobody"}, id="unknown client"),
        pytest.param({}, {"iss": "x" * 256, "sub": "x" * 256}, id="longest id"),
        pytest.param({}, {"sub": "x" * 257}, id="over-long id"),
        pytest.param({}, {"sub": ABSENT}, id="no sub"),
        pytest.param({}, {"iss": ABSENT}, id="no iss"),
        pytest.param({}, {"aud": "https://elsewhere.example"}, id="another server"),
        pytest.param({}, {"aud": f"{ISSUER}{REVOKE}"}, id="another endpoint"),
        pytest.param({}, {"aud": ABSENT}, id="no audience"),
        pytest.param({}, {"exp": ABSENT}, id="no exp"),
        pytest.param({}, {"exp": NOW - 10, "iat": NOW - 60}, id="expired"),
        pytest.param({}, {"exp": NOW + 3611}, id="too long"),
        pytest.param({}, {"iat": NOW + 11}, id="of the future"),
        pytest.param({}, {"nbf": NOW + 11}, id="not yet"),
        pytest.param({}, {"jti": ABSENT}, id="no jti"),
        pytest.param({}, {"jti": ""}, id="empty jti"),
        pytest.param({}, {"jti": "x" * 257}, id="over-long jti"),
        pytest.param({"typ": "at+jwt"}, {}, id="an access token"),
        pytest.param({"typ": "logout+jwt"}, {}, id="a logout token"),
        pytest.param({"kid": None}, {}, id="null for a kid"),
        pytest.param({"kid": "another"}, {}, id="another kid"),
        pytest.param({"alg": "none"}, {}, id="no algorithm"),
        pytest.param({"alg": "HS256"}, {}, id="HMAC with the public key"),
        pytest.param({"alg": "ES384"}, {}, id="another algorithm than the key's"),
        pytest.param({"jwk": client_key().jwk}, {}, id="a key of its own"),
        pytest.param({"jku": f"{ISSUER}/keys"}, {}, id="a URL of keys"),
        pytest.param({"x5u": f"{ISSUER}/chain"}, {}, id="a URL of certificates"),
        pytest.param({"crit": ["exp"], "exp": NOW}, {}, id="critical"),
    ],
)
def test_an_assertion_that_proves_nothing(
    issuer: IssuerHarness, path: str, header: dict[str, Any], claims: dict[str, Any]
) -> None:
    """Any fault of an assertion gets the same answer, and nothing is written (R21, R23)."""
    event = assertion_event(path, make_assertion(header=header, claims=claims), token="abc", **GRANT)
    assert_refused(issuer.send(event))
    assert issuer.assertions.used == {}
    assert issuer.signer.asked == []


@pytest.mark.parametrize(
    "header", [{"kid": ABSENT}, {"x5t": "dGh1bWI"}, {"x5c": ["MIIB"], "x5t#S256": "dGh1bWI", "kid": ABSENT}]
)
@pytest.mark.parametrize("path", [TOKEN, REVOKE, INTROSPECT])
def test_a_client_with_one_key(issuer: IssuerHarness, path: str, header: dict[str, Any]) -> None:
    """OIDC Core §10.1: a client with one key omits its kid, and its library may add a certificate."""
    event = assertion_event(path, make_assertion(header=header), token="abc", **GRANT)
    assert issuer.send(event).status == 200


def test_a_client_with_two_keys_needs_a_kid(issuer: IssuerHarness) -> None:
    """OIDC Core §10.1: without a kid, neither of two keys verifies an assertion."""
    issuer.clients.add(keyed_client("two", jwks=(client_key().jwk, client_key("RS256").jwk)))
    assert ask(issuer, make_assertion("two")).status == 200
    assert_refused(ask(issuer, make_assertion("two", header={"kid": ABSENT})))


@pytest.mark.parametrize(
    "raw",
    [
        "a", "a.b", "a.b.c", "..", "a" * 8193, "{}", "null", "\x00", "é.é.é",
        make_assertion() + "=", make_assertion() + "\n", " " + make_assertion(), make_assertion()[:-4],
        make_assertion().replace(".", "..", 1), make_assertion(key=signing_key(name="stranger")),
    ],
)  # fmt: skip
def test_garbage_for_an_assertion(issuer: IssuerHarness, raw: str) -> None:
    """A malformed JWS and one with a foreign signature are refused without a write (R20, R21)."""
    assert_refused(ask(issuer, raw))
    assert issuer.assertions.used == {}


@pytest.mark.parametrize(
    "payload",
    [
        '{"iss":"keyed","sub":"web","sub":"keyed","aud":"%s","exp":%d,"jti":"j"}',
        '{"iss":"keyed","sub":"keyed","aud":"%s","exp":%d,"jti":"j","jti":"k"}',
        '{"iss":"keyed","sub":"keyed","aud":"%s","exp":%d,"jti":"j"},{}',
        '["keyed","%s",%d]',
    ],
)
def test_an_assertion_with_two_readings(issuer: IssuerHarness, payload: str) -> None:
    """A signed payload with a repeated member is refused: it could name two clients (R03, R22)."""
    assert_refused(ask(issuer, sign(payload % (ISSUER, NOW + 60), client_key())))
    assert issuer.assertions.used == {}


def sign(payload: str, key: SigningKey) -> str:
    """Return a JWS with exactly this payload."""
    header = f'{{"alg":"ES256","kid":"{key.kid}"}}'
    encoded = [base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in (header, payload)]
    signature = key.sign_jose(".".join(encoded).encode())
    return ".".join([*encoded, base64.urlsafe_b64encode(signature).decode().rstrip("=")])


@pytest.mark.parametrize(
    "kind",
    [
        ASSERTION_TYPE.upper(),
        f"{ASSERTION_TYPE} ",
        "urn:ietf:params:oauth:client-assertion-type:saml2-bearer",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "jwt",
    ],
)
def test_another_type_of_assertion(issuer: IssuerHarness, kind: str) -> None:
    """The type is exactly the one of RFC 7523 §2.2."""
    assert_refused(ask(issuer, make_assertion(), client_assertion_type=kind))


@pytest.mark.parametrize(
    "body",
    [
        b"client_assertion=%a",
        b"client_assertion=%a&client_assertion_type=",
        b"client_assertion_type=%t",
        b"client_assertion_type=%t&client_assertion=",
        b"client_assertion=%a&client_assertion_type=%t&client_assertion=%a",
        b"client_assertion=%a&client_assertion_type=%t&client_assertion_type=%t",
    ],
)
def test_half_an_assertion(issuer: IssuerHarness, body: bytes) -> None:
    """A missing or repeated assertion or assertion type is invalid_request (R20)."""
    form = body.replace(b"%a", make_assertion().encode()).replace(b"%t", ASSERTION_TYPE.encode())
    answer = issuer.send(form_event(TOKEN, b"grant_type=client_credentials&" + form))
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")
    assert issuer.assertions.used == {}


@pytest.mark.parametrize(
    ("headers", "parameters"),
    [
        (basic("keyed", SECRET), {}),
        (basic("web", SECRET), {}),
        ({}, {"client_id": "keyed", "client_secret": SECRET}),
        ({}, {"client_id": "web", "client_secret": SECRET}),
    ],
)
def test_an_assertion_and_a_secret(issuer: IssuerHarness, headers: dict[str, str], parameters: dict[str, str]) -> None:
    """Two methods in one request are invalid_request, before any read (R22)."""
    event = assertion_event(TOKEN, make_assertion(), **(GRANT | parameters))
    event["headers"] |= headers
    answer = issuer.send(event)
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")
    assert (issuer.clients.reads, issuer.assertions.used) == ([], {})


def test_keys_and_secret_of_one_client(issuer: IssuerHarness) -> None:
    """A client that is registered for both methods uses either, one at a time (R22)."""
    both = frozenset({"private_key_jwt", "client_secret_basic"})
    issuer.clients.add(keyed_client("both", authentication=both, secret_hashes=(hash_secret(SECRET),)))
    assert ask(issuer, make_assertion("both")).status == 200
    assert issuer.issue("both")


def test_an_assertion_is_used_once(issuer: IssuerHarness, capsys: pytest.CaptureFixture[str]) -> None:
    """A second use of an assertion is refused at any endpoint until the assertion has expired (RFC 7523 §3)."""
    assertion = make_assertion()
    assert ask(issuer, assertion).status == 200
    assert_refused(ask(issuer, assertion))
    assert_refused(issuer.send(assertion_event(REVOKE, assertion, token="abc")))
    assert "client assertion: used before" in capsys.readouterr().out
    issuer.clock.seconds = NOW + 69
    assert_refused(ask(issuer, assertion))
    # Stored for longer than the assertion is accepted: exp, the leeway, and the duration of a request.
    [until] = issuer.assertions.used.values()
    assert until == NOW + 60 + 10 + 60
    assert "used before" in capsys.readouterr().out
    issuer.clock.seconds = NOW + 70
    assert_refused(ask(issuer, assertion))
    assert "token_expired" in capsys.readouterr().out


def test_an_assertion_that_may_be_over_is(issuer: IssuerHarness) -> None:
    """R22: an assertion that has expired by the late end of the present, with the leeway, is refused."""
    assertion = make_assertion()
    issuer.clock.seconds, issuer.clock.spread = NOW + 69, 1.0
    assert_refused(ask(issuer, assertion))
    issuer.clock.spread = 0.5
    assert ask(issuer, assertion).status == 200


def test_the_same_jti_of_two_clients(issuer: IssuerHarness) -> None:
    """A jti belongs to its client: another client may use the same one."""
    issuer.clients.add(keyed_client("other"))
    for client_id in ("keyed", "other"):
        assert ask(issuer, make_assertion(client_id, claims={"jti": "1"})).status == 200


def test_an_assertion_is_used_even_where_no_token_comes_of_it(issuer: IssuerHarness) -> None:
    """Client authentication comes first: a request that is refused later has used its assertion."""
    assertion = make_assertion()
    assert ask(issuer, assertion, scope="admin").json["error"] == "invalid_scope"
    assert_refused(ask(issuer, assertion))


def test_of_16_callers_with_one_assertion_one_gets_a_token(issuer: IssuerHarness) -> None:
    """Sixteen callers use one assertion at once, and exactly one succeeds (R22)."""
    assertion = make_assertion()
    statuses = sorted(answer.status for answer in at_once(16, lambda: ask(issuer, assertion)))
    assert statuses == [200] + [401] * 15


def test_equal_work(issuer: IssuerHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unknown, keyless, public and keyed clients each cost one read, one key set and one verification (R23)."""
    work: list[str] = []

    class CountedKeySet(KeySet):
        @classmethod
        def from_jwks(cls, jwks: Any, **options: Any) -> KeySet:
            work.append(f"keys {len(jwks['keys'])}")
            return KeySet.from_jwks(jwks, **options)

    def counted_verify(*arguments: Any, **rules: Any) -> Any:
        work.append("verify")
        return verify_client_assertion(*arguments, **rules)

    monkeypatch.setattr(private_key_jwt, "KeySet", CountedKeySet)
    monkeypatch.setattr(private_key_jwt, "verify_client_assertion", counted_verify)
    answers = []
    for client_id in ("nobody", "web", "keyed"):
        work.clear()
        issuer.clients.reads.clear()
        answers.append(ask(issuer, make_assertion(client_id, key=signing_key(name="stranger"))))
        assert (work, issuer.clients.reads) == (["keys 1", "verify"], [client_id])
    assert_refused(answers[0])
    assert answers[0] == answers[1] == answers[2]


def test_keys_that_cannot_be_read(issuer: IssuerHarness, capsys: pytest.CaptureFixture[str]) -> None:
    """A registration with a damaged key is a fault that names the client."""
    issuer.clients.add(keyed_client("broken", jwks=({"kty": "RSA", "kid": "a", "alg": "RS256", "n": "AQ", "e": "AQ"},)))
    answer = ask(issuer, make_assertion("broken"))
    assert (answer.status, answer.json["error"]) == (500, "server_error")
    assert "the public keys of client broken" in capsys.readouterr().out


def test_what_the_log_says(issuer: IssuerHarness, capsys: pytest.CaptureFixture[str]) -> None:
    """The log has the reason and the claimed client, and nothing of the assertion (R66)."""
    assertion = make_assertion(key=signing_key(name="stranger"))
    ask(issuer, assertion)
    text = capsys.readouterr().out
    line = json.loads(text)
    assert (line["detail"], line["claimed_client_id"]) == ("client assertion: unknown_key", "keyed")
    assert not any(part in text for part in assertion.split("."))
