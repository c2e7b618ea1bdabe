"""Who may ask at all (R21, R22, R23)."""

from __future__ import annotations

import base64

import pytest

from keyturn.domain.client import Client, hash_secret, secret_matches
from tests.fakes.http_api_event import basic, form_event
from tests.fakes.issuer_harness import INTROSPECT, REVOKE, SECRET, TOKEN, Answer, IssuerHarness, make_client
from token_issuer import client_authentication

GRANT = {"grant_type": "client_credentials"}
GOOD_BASIC = basic("web", SECRET)["authorization"]


def raw_basic(credentials: bytes, scheme: str = "Basic") -> dict[str, str]:
    """Return an Authorization header with exactly these credentials."""
    return {"authorization": f"{scheme} {base64.b64encode(credentials).decode()}"}


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
    """The scheme's name has no case (RFC 9110 §11.1)."""
    assert ask(issuer, raw_basic(f"web:{SECRET}".encode(), "bAsIc")).status == 200


def test_either_of_two_secrets(issuer: IssuerHarness) -> None:
    """Two secrets live at once, so that they rotate without downtime."""
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
        pytest.param({"authorization": GOOD_BASIC.replace(" ", "  ")}, {}, id="two spaces"),
        pytest.param({"authorization": GOOD_BASIC + "!"}, {}, id="a character that base64 has not"),
        pytest.param({"authorization": "Basic d2ViOg==,Basic d2ViOg=="}, {}, id="two headers"),
        pytest.param({"authorization": "Bearer abc"}, {}, id="other scheme"),
        pytest.param({"authorization": ""}, {}, id="empty header"),
    ],
)
def test_failed_authentication(
    issuer: IssuerHarness, path: str, headers: dict[str, str], parameters: dict[str, str]
) -> None:
    """Whatever is wrong with the credentials, the answer is the same: 401, invalid_client, a challenge (R21, R23)."""
    answer = issuer.send(form_event(path, GRANT | {"token": "abc"} | parameters, headers=headers))
    assert answer.status == 401
    assert answer.json == {"error": "invalid_client", "error_description": "client authentication failed"}
    assert answer.headers["www-authenticate"].startswith("Basic realm=")
    assert answer.headers["cache-control"] == "no-store"
    assert issuer.signer.asked == []


def test_unknown_and_wrong_are_equal_work(issuer: IssuerHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unknown client and a wrong secret cost one look-up and one comparison each (R23)."""
    compared: list[str] = []

    def compare(client: Client | None, secret: str) -> bool:
        compared.append(secret)
        return secret_matches(client, secret)

    monkeypatch.setattr(client_authentication, "secret_matches", compare)
    answers = [ask(issuer, basic("web", "wrong")), ask(issuer, basic("nobody", "wrong"))]
    assert answers[0] == answers[1]
    assert issuer.clients.reads == ["web", "nobody"]
    assert compared == ["wrong", "wrong"]


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
    """Two authentication methods in one request, or two clients, are invalid_request (R22)."""
    answer = ask(issuer, basic("web", SECRET), **parameters)
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")
    assert issuer.clients.reads == []


def test_equal_client_id_beside_basic(issuer: IssuerHarness) -> None:
    """The same client_id in the form is no second method."""
    assert ask(issuer, basic("web", SECRET), client_id="web").status == 200


def test_secret_without_id(issuer: IssuerHarness) -> None:
    """A client_secret without its client_id is a missing parameter."""
    answer = ask(issuer, client_secret=SECRET)
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")
