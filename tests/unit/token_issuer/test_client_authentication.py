"""Client authentication by secret, and by id alone (R21, R22, R23)."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from urllib.parse import quote_plus

import pytest

from keyturn.domain.clients.client import Client, hash_secret, secret_matches
from tests.fakes.http_api_event import basic, form_event
from tests.fakes.issuer_harness import INTROSPECT, REVOKE, SECRET, TOKEN, Answer, IssuerHarness, make_client
from tests.fakes.token_factory import NOW, make_token, signing_key
from token_issuer.client_authentication import credentials

GRANT = {"grant_type": "client_credentials"}
BY_KEY = frozenset({"private_key_jwt"})
VECTORS = Path(os.environ.get("KEYTURN_VECTORS") or Path(__file__).parents[4] / "shared" / "vectors")
GOOD_BASIC = basic("web", SECRET)["authorization"]


def raw_basic(credentials: bytes, scheme: str = "Basic") -> dict[str, str]:
    """Return an Authorization header with exactly these credentials."""
    return {"authorization": f"{scheme} {base64.b64encode(credentials).decode()}"}


def public_client(client_id: str = "app") -> Client:
    """Return a client that cannot keep a secret."""
    return make_client(
        client_id,
        authentication=frozenset({"none"}),
        secret_hashes=(),
        grant_types=frozenset({"authorization_code"}),
        redirect_uris=("https://app.example/callback",),
    )


def ask(issuer: IssuerHarness, headers: dict[str, str] | None = None, **parameters: str) -> Answer:
    """Return the answer to a token request."""
    return issuer.send(form_event(TOKEN, GRANT | parameters, headers=headers))


def test_client_secret_basic(issuer: IssuerHarness) -> None:
    """A client authenticates with the Authorization header (RFC 6749 §2.3.1)."""
    assert ask(issuer, basic("web", SECRET)).status == 200


def test_client_secret_post(issuer: IssuerHarness) -> None:
    """A client authenticates with the form (RFC 6749 §2.3.1)."""
    assert ask(issuer, client_id="web", client_secret=SECRET).status == 200


def test_basic_credentials_are_form_encoded(issuer: IssuerHarness) -> None:
    """Id and secret are form-encoded before base64, colons included (RFC 6749 §2.3.1)."""
    secret = "a:b +%ä"
    issuer.clients.add(make_client("odd", secret_hashes=(hash_secret(secret),)))
    assert ask(issuer, basic("odd", secret)).status == 200


def test_scheme_is_case_insensitive(issuer: IssuerHarness) -> None:
    """The scheme's name is case-insensitive (RFC 9110 §11.1)."""
    assert ask(issuer, raw_basic(f"web:{SECRET}".encode(), "bAsIc")).status == 200


@pytest.mark.parametrize("spaces", [2, 3, 40])
def test_one_space_or_more_follow_the_scheme(issuer: IssuerHarness, spaces: int) -> None:
    """RFC 9110 §11.4 has `1*SP` between the scheme and the credentials."""
    assert ask(issuer, raw_basic(f"web:{SECRET}".encode(), f"Basic{' ' * (spaces - 1)}")).status == 200


def test_either_of_two_secrets(issuer: IssuerHarness) -> None:
    """Two secrets are valid at once, so that they rotate without downtime."""
    issuer.clients.add(make_client("two", secret_hashes=(hash_secret("old"), hash_secret("new"))))
    statuses = [ask(issuer, basic("two", secret)).status for secret in ("old", "new", "older")]
    assert statuses == [200, 200, 401]


@pytest.mark.parametrize("path", [TOKEN, REVOKE, INTROSPECT])
@pytest.mark.parametrize(
    ("headers", "parameters"),
    [
        pytest.param({}, {}, id="nothing"),
        pytest.param({}, {"client_id": "web"}, id="id alone"),
        pytest.param({}, {"client_id": "web", "client_secret": ""}, id="empty secret"),
        pytest.param({}, {"client_id": "web", "client_secret": "wrong"}, id="wrong secret in the form"),
        pytest.param({}, {"client_id": "nobody", "client_secret": SECRET}, id="unknown client in the form"),
        pytest.param(basic("web", "wrong"), {}, id="wrong secret"),
        pytest.param(basic("web", ""), {}, id="no secret"),
        pytest.param(basic("", ""), {}, id="no id, no secret"),
        pytest.param(basic("nobody", SECRET), {}, id="unknown client"),
        pytest.param(basic("WEB", SECRET), {}, id="other case"),
        pytest.param(basic("x" * 4000, SECRET), {}, id="long id"),
        pytest.param(raw_basic(b"web"), {}, id="no colon"),
        pytest.param(raw_basic(b"web:%"), {}, id="broken escape"),
        pytest.param(raw_basic(b"web:\xff"), {}, id="not UTF-8"),
        pytest.param({"authorization": "Basic"}, {}, id="no credentials"),
        pytest.param({"authorization": "Basic ???"}, {}, id="not base64"),
        pytest.param({"authorization": GOOD_BASIC.replace(" ", "\t")}, {}, id="a tab"),
        pytest.param({"authorization": GOOD_BASIC.replace(" ", " \t")}, {}, id="a space and a tab"),
        pytest.param({"authorization": "Basic   "}, {}, id="only spaces"),
        pytest.param({"authorization": GOOD_BASIC + "!"}, {}, id="a character that base64 has not"),
        pytest.param({"authorization": "Basic d2ViOg==,Basic d2ViOg=="}, {}, id="two headers"),
        pytest.param({"authorization": "Bearer abc"}, {}, id="other scheme"),
        pytest.param({"authorization": ""}, {}, id="empty header"),
    ],
)
def test_failed_authentication(
    issuer: IssuerHarness, path: str, headers: dict[str, str], parameters: dict[str, str]
) -> None:
    """Any fault of the credentials gets the same answer: 401, invalid_client and a challenge (R21, R23)."""
    answer = issuer.send(form_event(path, GRANT | {"token": "abc"} | parameters, headers=headers))
    assert answer.status == 401
    assert answer.json == {"error": "invalid_client", "error_description": "client authentication failed"}
    assert answer.headers["www-authenticate"].startswith("Basic realm=")
    assert answer.headers["cache-control"] == "no-store"
    assert issuer.signer.asked == []


def test_unknown_and_wrong_are_equal_work(issuer: IssuerHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unknown client, a wrong secret and an unregistered method each cost one read and one comparison (R23)."""
    issuer.clients.add(make_client("post", authentication=frozenset({"client_secret_post"})))
    issuer.clients.add(make_client("keys", authentication=BY_KEY, secret_hashes=(), jwks=(signing_key().jwk,)))
    issuer.clients.add(public_client())
    compared: list[str] = []

    def compare(client: Client | None, secret: str) -> bool:
        compared.append(secret)
        return secret_matches(client, secret)

    monkeypatch.setattr(credentials, "secret_matches", compare)
    claimed = ["web", "nobody", "post", "keys", "app"]
    answers = [ask(issuer, basic(client_id, "wrong")) for client_id in claimed]
    answers.append(ask(issuer, basic("post", SECRET)))
    assert all(answer == answers[0] for answer in answers)
    assert issuer.clients.reads == [*claimed, "post"]
    assert compared == ["wrong"] * 5 + [SECRET]


@pytest.mark.parametrize(
    "parameters",
    [
        {"client_id": "web", "client_secret": SECRET},
        {"client_id": "web", "client_secret": "wrong"},
        {"client_secret": SECRET},
        {"client_id": "other"},
    ],
)
def test_two_methods(issuer: IssuerHarness, parameters: dict[str, str]) -> None:
    """Two authentication methods or two clients in one request are invalid_request (R22)."""
    answer = ask(issuer, basic("web", SECRET), **parameters)
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")
    assert issuer.clients.reads == []


def test_equal_client_id_beside_basic(issuer: IssuerHarness) -> None:
    """The same client_id in the form is not a second method."""
    assert ask(issuer, basic("web", SECRET), client_id="web").status == 200


def test_secret_without_id(issuer: IssuerHarness) -> None:
    """A client_secret without its client_id is a missing parameter."""
    answer = ask(issuer, client_secret=SECRET)
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("authentication", "headers", "parameters"),
    [
        ("client_secret_post", basic("one", SECRET), {}),
        ("client_secret_basic", {}, {"client_id": "one", "client_secret": SECRET}),
    ],
)
def test_a_method_that_the_client_is_not_registered_for(
    issuer: IssuerHarness,
    capsys: pytest.CaptureFixture[str],
    authentication: str,
    headers: dict[str, str],
    parameters: dict[str, str],
) -> None:
    """The right secret by an unregistered method is refused as a wrong one is; the log has the reason (R22, R23)."""
    issuer.clients.add(make_client("one", authentication=frozenset({authentication})))
    answer = ask(issuer, headers, **parameters)
    assert answer == ask(issuer, basic("one", "wrong"))
    assert answer.status == 401
    assert "the client is not registered for client_secret_" in capsys.readouterr().out


def test_a_public_client_says_who_it_is(issuer: IssuerHarness) -> None:
    """A public client is identified by its id, and still gets no token in its own name (R25)."""
    issuer.clients.add(public_client())
    answer = ask(issuer, client_id="app")
    assert (answer.status, answer.json["error"]) == (400, "unauthorized_client")
    assert ask(issuer, client_id="app", client_secret="", client_assertion="").status == 400


def test_a_public_client_ends_its_own_tokens(issuer: IssuerHarness) -> None:
    """A public client can revoke its own tokens (RFC 7009 §2.1), and not those of others."""
    issuer.clients.add(public_client())
    own = make_token(key=issuer.key, claims={"client_id": "app", "sub": "u_1", "exp": NOW + 600})
    for token, revoked in ((issuer.issue(), 0), (own, 1)):
        answer = issuer.send(form_event(REVOKE, {"token": token, "client_id": "app"}))
        assert answer.status == 200
        assert len(issuer.revocations.writes) == revoked


@pytest.mark.parametrize(
    "parameters", [{"client_id": "app"}, {"client_id": "app", "client_secret": SECRET}, {"client_id": "web"}, {}]
)
def test_introspection_is_for_those_who_authenticate(issuer: IssuerHarness, parameters: dict[str, str]) -> None:
    """Introspection refuses a client id alone (RFC 7662 §2.1)."""
    issuer.clients.add(public_client())
    answer = issuer.send(form_event(INTROSPECT, {"token": issuer.issue()} | parameters))
    assert (answer.status, answer.json["error"]) == (401, "invalid_client")


@pytest.mark.parametrize("path", [TOKEN, REVOKE])
@pytest.mark.parametrize(
    ("headers", "parameters"),
    [
        ({}, {"client_id": "web"}),
        ({}, {"client_id": "nobody"}),
        ({}, {"client_id": "APP"}),
        ({}, {"client_id": "app", "client_secret": SECRET}),
        (basic("app", SECRET), {}),
        (basic("app", ""), {"client_id": "app"}),
        ({"authorization": ""}, {"client_id": "app"}),
        ({"authorization": "Bearer x"}, {"client_id": "app"}),
    ],
)
def test_an_id_alone_is_for_public_clients(
    issuer: IssuerHarness, path: str, headers: dict[str, str], parameters: dict[str, str]
) -> None:
    """A confidential client without credentials and a public client with credentials are invalid_client (R22, R23)."""
    issuer.clients.add(public_client())
    answer = issuer.send(form_event(path, GRANT | {"token": "abc"} | parameters, headers=headers))
    assert answer.json == {"error": "invalid_client", "error_description": "client authentication failed"}
    assert answer.status == 401


HOSTILE = [
    pytest.param(b"client_id=%s&client_secret=x" % (b"x" * 8000), 401, id="over-long id"),
    pytest.param(b"client_id=web&client_secret=" + b"x" * 8000, 401, id="over-long secret"),
    pytest.param(b"client_id=%00&client_secret=%00", 401, id="nothing but NUL"),
    pytest.param(b"client_id=web%0D%0Aset-cookie:x&client_secret=x", 401, id="an end of line"),
    pytest.param(b"client_id=%u0077eb&client_secret=x", 400, id="an escape of no standard"),
    pytest.param(b"client_id=%ff&client_secret=x", 400, id="not UTF-8"),
    pytest.param(b"client_id=%c0%ae&client_secret=x", 400, id="an overlong encoding"),
    pytest.param(b"client_id=web&client_id=web&client_secret=x", 400, id="id twice"),
    pytest.param(b"client_id=web&client_secret=x&client_secret=x", 400, id="secret twice"),
    pytest.param(b"client_id=&client_secret=x", 400, id="empty id"),
    pytest.param(b"client_id[]=web&client_secret[]=x", 401, id="parameters of another language"),
    pytest.param(b"client_id=web&client_secret[$ne]=x", 401, id="an operator for a secret"),
    pytest.param(b"CLIENT_ID=web&CLIENT_SECRET=x", 401, id="other case"),
    pytest.param(b"client_id=web&client_assertion=", 401, id="empty assertion"),
]


@pytest.mark.parametrize("path", [TOKEN, REVOKE, INTROSPECT])
@pytest.mark.parametrize(("body", "status"), HOSTILE)
def test_hostile_forms(issuer: IssuerHarness, path: str, body: bytes, status: int) -> None:
    """Repeated, empty, over-long and wrongly encoded parameters are refused without a fault (R20, R21)."""
    answer = issuer.send(form_event(path, b"grant_type=client_credentials&token=abc&" + body))
    assert answer.status == status
    assert answer.json["error"] == {400: "invalid_request", 401: "invalid_client"}[status]
    assert issuer.signer.asked == []


@pytest.mark.skipif(not VECTORS.is_dir(), reason="no published vectors: set KEYTURN_VECTORS to their folder")
def test_naughty_client_ids(issuer: IssuerHarness, capsys: pytest.CaptureFixture[str]) -> None:
    """R21, R23: each string of the Big List of Naughty Strings is refused with one log line and without a fault."""
    strings = json.loads((VECTORS / "blns" / "blns.json").read_text("utf-8"))
    assert len(strings) > 500
    for naughty in strings:
        body = f"grant_type=client_credentials&client_id={quote_plus(naughty)}&client_secret=x".encode()
        for event in (form_event(TOKEN, body), form_event(TOKEN, GRANT, headers=basic(naughty, "x"))):
            answer = issuer.send(event)
            assert answer.status == 401 or (not naughty and answer.status == 400), naughty
            assert len(capsys.readouterr().out.splitlines()) == 1, naughty
