"""Web pages that may send requests and read answers (Fetch §3.2)."""

from __future__ import annotations

from typing import Any

import pytest

from keyturn.domain.errors import StoreUnavailable
from tests.fakes.http_api_event import basic, form_event, http_api_event
from tests.fakes.issuer_harness import (
    INTROSPECT,
    JWKS,
    METADATA,
    OPENID_METADATA,
    REVOKE,
    SECRET,
    TOKEN,
    Answer,
    IssuerHarness,
    make_client,
)
from tests.fakes.user_flow import AUTHORIZE, USERINFO
from token_issuer import app

PAGE = "https://app.example"
GRANT = {"grant_type": "client_credentials"}
EXPOSED = {"access-control-expose-headers": "www-authenticate, x-amzn-remapped-www-authenticate, retry-after"}
SHARED = {"access-control-allow-origin": PAGE, "vary": "Origin", **EXPOSED}
# Errors that every page reads.
OF_AN_ERROR = {"access-control-allow-origin": "*", "vary": "Origin", **EXPOSED}
DOCUMENTS = [JWKS, METADATA, OPENID_METADATA]


@pytest.fixture(autouse=True)
def client(issuer: IssuerHarness) -> None:
    """Register a client with two origins."""
    issuer.clients.add(make_client("page", cors_origins=frozenset({PAGE, "http://localhost:3000"})))


def cors(answer: Answer) -> dict[str, str]:
    """Return the CORS headers of an answer."""
    return {name: text for name, text in answer.headers.items() if name.startswith("access-control") or name == "vary"}


def preflight(path: str, **headers: str) -> dict[str, Any]:
    """Return a preflight; underscores in header names stand for dashes."""
    asking = {"origin": PAGE, "access_control_request_method": "POST"} | headers
    return http_api_event("OPTIONS", path, headers={name.replace("_", "-"): text for name, text in asking.items()})


def ask(issuer: IssuerHarness, origin: str | None = PAGE, path: str = TOKEN, **parameters: str) -> Answer:
    """Return the answer to a request from a page."""
    headers = basic(parameters.pop("client_id", "page"), parameters.pop("secret", SECRET))
    headers |= {} if origin is None else {"origin": origin}
    return issuer.send(form_event(path, GRANT | {"token": "abc"} | parameters, headers=headers))


@pytest.mark.parametrize("path", [TOKEN, REVOKE, USERINFO])
@pytest.mark.parametrize("origin", [PAGE, "https://stranger.example:8443", "http://localhost:3000", "http://[::1]:1"])
def test_a_preflight_is_answered(issuer: IssuerHarness, path: str, origin: str) -> None:
    """A preflight from any page is allowed: it names no client (Fetch §4.8)."""
    answer = issuer.send(preflight(path, origin=origin, access_control_request_headers="authorization"))
    assert (answer.status, answer.body) == (204, "")
    assert cors(answer) == {
        "access-control-allow-origin": origin,
        "access-control-allow-methods": "GET, POST" if path == USERINFO else "POST",
        "access-control-allow-headers": "*, authorization",
        "access-control-max-age": "600",
        "vary": "Origin",
    }
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert issuer.clients.reads == []


@pytest.mark.parametrize("path", DOCUMENTS)
@pytest.mark.parametrize("origin", [PAGE, "null", "http://app.example", "https://app.example:443"])
@pytest.mark.parametrize("headers", ["mcp-protocol-version", "traceparent,x-any", ""])
def test_a_preflight_of_a_document(issuer: IssuerHarness, path: str, origin: str, headers: str) -> None:
    """Any page may request a public document with any header, such as a protocol version or a trace (Fetch §4.8)."""
    asking = {"access_control_request_method": "GET"} | ({"access_control_request_headers": headers} if headers else {})
    answer = issuer.send(preflight(path, origin=origin, **asking))
    assert (answer.status, answer.body) == (204, "")
    assert cors(answer) == {
        "access-control-allow-origin": "*",
        "access-control-allow-methods": "GET, HEAD",
        "access-control-allow-headers": "*, authorization",
        "access-control-max-age": "600",
    }


@pytest.mark.parametrize(
    "origin",
    [
        "", "null", "*", "app.example", "https://", "https://app.example/", "https://app.example/path", "https://APP.example",
        "http://app.example", "javascript:alert(1)", "https://app.example, https://other.example", "https://a.example\n",
        "https://user@app.example", "https://app.example:", "https://ä.example", "file://", f"{PAGE} ",
    ],
)  # fmt: skip
def test_a_preflight_of_no_page(issuer: IssuerHarness, origin: str) -> None:
    """An origin that no client could register gets the same 405 as a request without an origin."""
    answer = issuer.send(preflight(TOKEN, origin=origin))
    assert (answer.status, answer.headers["allow"]) == (405, "POST")
    assert cors(answer) == OF_AN_ERROR


@pytest.mark.parametrize("method", ["GET", "post", "OPTIONS", "", "POST, GET", "*"])
def test_a_preflight_for_another_method(issuer: IssuerHarness, method: str) -> None:
    """A preflight for a method that the endpoint does not accept is refused."""
    answer = issuer.send(preflight(TOKEN, access_control_request_method=method))
    assert (answer.status, cors(answer)) == (405, OF_AN_ERROR)


@pytest.mark.parametrize("path", [INTROSPECT, AUTHORIZE])
def test_endpoints_that_answer_no_preflight(issuer: IssuerHarness, path: str) -> None:
    """R36: introspection is for resource servers and the authorization endpoint for browsers; pages read neither."""
    answer = issuer.send(preflight(path))
    assert (answer.status, cors(answer)) == (405, {})


@pytest.mark.parametrize("path", [TOKEN, REVOKE])
def test_a_page_of_the_client_reads_the_answer(issuer: IssuerHarness, path: str) -> None:
    """The answer names the page's own origin instead of all origins, and allows no cookies."""
    answer = ask(issuer, path=path)
    assert (answer.status, cors(answer)) == (200, SHARED)
    assert cors(ask(issuer, "http://localhost:3000", path))["access-control-allow-origin"] == "http://localhost:3000"


@pytest.mark.parametrize("path", [TOKEN, REVOKE])
@pytest.mark.parametrize(
    ("client_id", "origin"),
    [
        ("page", "https://app.example:8443"),
        ("page", "https://app.example.evil.example"),
        ("page", "http://localhost"),
        ("page", "null"),
        ("page", "HTTPS://APP.EXAMPLE"),
        ("page", f"{PAGE}, {PAGE}"),
        ("page", None),
        ("web", PAGE),
    ],
)
def test_another_page_reads_nothing(issuer: IssuerHarness, path: str, client_id: str, origin: str | None) -> None:
    """A page of an unregistered origin gets a success that it cannot read; Vary keeps caches apart."""
    answer = ask(issuer, origin, path, client_id=client_id)
    assert (answer.status, cors(answer)) == (200, {"vary": "Origin"})


def test_refusals_can_be_read_too(issuer: IssuerHarness) -> None:
    """After client authentication a page can read refusals, the rate limit and faults."""
    assert cors(ask(issuer, scope="admin")) == SHARED
    assert cors(ask(issuer, grant_type="refresh_token")) == SHARED
    issuer.clients.add(make_client("slow", rate=1, cors_origins=frozenset({PAGE})))
    assert [cors(ask(issuer, client_id="slow")) for _ in range(2)] == [SHARED, SHARED]
    issuer.signer.fault = RuntimeError()
    answer = ask(issuer)
    assert (answer.status, cors(answer)) == (500, SHARED)


@pytest.mark.parametrize("origin", [PAGE, "https://stranger.example", "null", None])
def test_every_page_reads_an_error_before_authentication(issuer: IssuerHarness, origin: str | None) -> None:
    """An error repeats nothing of the request: every page may read it."""
    for answer in (ask(issuer, origin, secret="wrong"), ask(issuer, origin, client_id="nobody")):
        assert (answer.status, cors(answer)) == (401, OF_AN_ERROR)
    for parameters in ({"grant_type": ""}, {"grant_type": "password"}):
        answer = ask(issuer, origin, **parameters)
        assert (answer.status, cors(answer)) == (400, OF_AN_ERROR)
    headers = basic("page", SECRET) | ({} if origin is None else {"origin": origin})
    for body, status in ((b"a=1&a=1", 400), (b"a=" + b"x" * 20_000, 413)):
        answer = issuer.send(form_event(TOKEN, body, headers=headers))
        assert (answer.status, cors(answer)) == (status, OF_AN_ERROR)


def test_every_page_reads_a_refusal_of_userinfo(issuer: IssuerHarness) -> None:
    """A page reads that its token is missing or has expired: a 401 names no client (RFC 6750 §3.1)."""
    for authorization in ({}, {"authorization": "Bearer expired"}):
        answer = issuer.get(USERINFO, origin=PAGE, **authorization)
        assert (answer.status, cors(answer)) == (401, OF_AN_ERROR)
        assert answer.headers["www-authenticate"].startswith("Bearer")


def test_every_page_reads_faults(issuer: IssuerHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages read 5xx of each endpoint, also where it could not be composed."""
    issuer.clients.fault = StoreUnavailable("DynamoDB")
    answer = ask(issuer, "https://stranger.example")
    assert (answer.status, cors(answer)) == (503, OF_AN_ERROR)
    issuer.rings.fault = StoreUnavailable("DynamoDB")
    answer = issuer.get(JWKS)
    assert (answer.status, cors(answer)) == (503, {"access-control-allow-origin": "*", **EXPOSED})
    monkeypatch.setattr(app, "bootstrap", lambda: dict[str, Any]()[TOKEN])
    assert cors(ask(issuer)) == OF_AN_ERROR
    assert cors(issuer.get(AUTHORIZE, origin=PAGE)) == {}


def test_every_page_reads_a_wrong_method_of_a_document(issuer: IssuerHarness) -> None:
    """The 405 of a public document can be read like the document."""
    answer = issuer.send(http_api_event("POST", METADATA, headers={"origin": PAGE}))
    assert (answer.status, cors(answer)) == (405, {"access-control-allow-origin": "*", **EXPOSED})


def test_introspection_is_for_no_page(issuer: IssuerHarness) -> None:
    """Introspection answers are for resource servers: even pages of registered origins cannot read them."""
    answer = ask(issuer, path=INTROSPECT)
    assert (answer.status, cors(answer)) == (200, {})


@pytest.mark.parametrize("path", DOCUMENTS)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_documents_are_for_every_page(issuer: IssuerHarness, path: str, method: str) -> None:
    """Every page can read keys and metadata: without an Origin too, and with a 304."""
    for headers in ({"origin": "https://anywhere.example"}, {}):
        answer = issuer.send(http_api_event(method, path, headers=headers))
        assert (answer.status, cors(answer)) == (200, {"access-control-allow-origin": "*"})
    not_modified = issuer.get(JWKS, if_none_match="*")
    assert (not_modified.status, cors(not_modified)) == (304, {"access-control-allow-origin": "*"})
