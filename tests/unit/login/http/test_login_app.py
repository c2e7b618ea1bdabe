"""The Lambda function: routes, methods, refusals as pages, and the operator's events."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from keyturn.domain.errors import (
    AccessDenied,
    ClockUnavailable,
    ItemDamaged,
    KeyUnusable,
    StoreUnavailable,
    Throttled,
)
from login import app
from login.assets import STYLESHEET_PATH
from tests.fakes.http_api_event import FORM, http_api_event
from tests.fakes.login_harness import EMAIL, PASSWORD, LoginHarness

GETS = ["/login", "/login/link", "/account", "/account/password", "/oauth2/logout", STYLESHEET_PATH]
POSTS = ["/login/password", "/login/consent", "/login/confirm", "/account/sessions", "/account/applications"]
BOTH = {"/login/link", "/account/password", "/oauth2/logout"}


@pytest.mark.parametrize("path", ["/", "/login/", "/logins", "/assets/", "/assets/x.css", "/oauth2/token", "/Login"])
def test_an_unknown_path_gets_a_page(login: LoginHarness, path: str) -> None:
    """A path without a page gets 404 and a page, also for an asset that does not exist."""
    answer = login.browser().get(path)
    assert (answer.status, "This page does not exist" in answer.body) == (404, True)


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "get"])
@pytest.mark.parametrize("path", GETS + POSTS)
def test_another_method_gets_405(login: LoginHarness, path: str, method: str) -> None:
    """Another method gets 405 with the methods that the page takes, and changes nothing."""
    before = login.items()
    answer = login.send(http_api_event(method, path))
    allowed = "GET, POST" if path in BOTH else "POST" if path in POSTS else "GET"
    assert (answer.status, answer.headers["allow"]) == (405, allowed)
    assert ("This page cannot be used this way" in answer.body) is (method != "HEAD")
    assert login.items() == before


@pytest.mark.parametrize("path", POSTS)
def test_a_get_of_a_post_gets_405(login: LoginHarness, path: str) -> None:
    """A reload of a post's address by its URL changes nothing."""
    assert login.browser().get(path).status == 405


def test_a_coded_form_gets_415(login: LoginHarness) -> None:
    """A compressed form is refused before it is read, and the answer names the accepted coding (RFC 9110 §15.5.16)."""
    event = http_api_event("POST", "/login/password", headers={"content-type": FORM, "content-encoding": "gzip"})
    answer = login.send(event)
    assert (answer.status, answer.headers["accept-encoding"]) == (415, "identity")


def test_every_page_brings_its_own_headers(login: LoginHarness) -> None:
    """A page loads its style from this host, is never stored or framed, and its forms may redirect on."""
    for answer in (login.browser().get("/login"), login.browser().get("/nothing"), login.signed_in().get("/account")):
        policy = answer.headers["content-security-policy"]
        assert "style-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "form-action" not in policy
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["content-type"] == "text/html; charset=utf-8"


def test_the_stylesheet_is_immutable(login: LoginHarness) -> None:
    """The stylesheet has its hash in its name, and browsers keep it."""
    answer = app.lambda_handler(http_api_event("GET", STYLESHEET_PATH), None)
    assert answer["statusCode"] == 200
    assert answer["headers"]["content-type"].startswith("text/css")
    assert "immutable" in answer["headers"]["cache-control"]
    assert b"{" in base64.b64decode(answer["body"])


@pytest.mark.parametrize("path", [*POSTS, "/login/link", "/account/password", "/oauth2/logout"])
def test_a_megabyte_is_refused_before_it_is_read(login: LoginHarness, path: str) -> None:
    """R63: A password of 1 MB gets 413 and a page, before any hash is computed."""
    browser = login.browser()
    browser.get("/login")
    answer = browser.post(path, csrf_token="x", email=EMAIL, password="p" * 1_000_000)
    assert (answer.status, "This form is too large" in answer.body) == (413, True)
    assert "mac" not in login.stores.pepper.calls[1:]


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "multipart/form-data; boundary=x", ""])
def test_a_body_that_is_no_form_is_refused(login: LoginHarness, path: str, content_type: str) -> None:
    """Forms alone are read: a page of another site can send other types without a preflight."""
    event = http_api_event("POST", path, headers={"content-type": content_type}, body=b"email=a&password=b")
    assert login.send(event).status == 400


@pytest.mark.parametrize("body", [b"%", b"email=%zz", b"email=%ff", b"email=a&email=b", b"\xff\xfe=\x00"])
@pytest.mark.parametrize("path", POSTS)
def test_a_broken_form_gets_a_page(login: LoginHarness, path: str, body: bytes) -> None:
    """A form that is not UTF-8, has broken escapes or a field twice is a bad request."""
    headers = {"content-type": "application/x-www-form-urlencoded"}
    assert login.send(http_api_event("POST", path, headers=headers, body=body)).status == 400


@pytest.mark.parametrize(
    ("fault", "status", "retry_after"),
    [
        (StoreUnavailable("DynamoDB GetItem: timed out"), 503, "5"),
        (Throttled("DynamoDB GetItem: throttled"), 503, "1"),
        (KeyUnusable("KMS GenerateMac: DisabledException"), 503, "5"),
        (ClockUnavailable("no answer yet"), 503, "5"),
        (AccessDenied("DynamoDB GetItem: AccessDenied"), 500, None),
        (ItemDamaged("the session lacks a field"), 500, None),
        (RuntimeError(f"who is {EMAIL} with {PASSWORD}?"), 500, None),
    ],
)
def test_a_fault_gets_a_page_and_one_log_line(
    login: LoginHarness,
    capsys: pytest.CaptureFixture[str],
    fault: Exception,
    status: int,
    retry_after: str | None,
) -> None:
    """An unavailable store or KMS gives 503 with a time to wait, any other fault 500; each has one log line.

    The message of a foreign exception is in no log line: it may quote a password.
    """
    browser = login.browser()
    browser.get("/login")
    login.stores.users.fault = fault
    capsys.readouterr()
    answer = browser.submit("/login/password", email=EMAIL, password=PASSWORD)
    [line] = capsys.readouterr().out.splitlines()
    logged = json.loads(line)
    assert (answer.status, answer.headers.get("retry-after"), answer.cookies) == (status, retry_after, ())
    assert "request-1" in answer.body
    assert (logged["level"], logged["status"]) == ("ERROR", status)
    assert type(fault).__name__ in logged["detail"]
    assert "memory_users" in logged["place"] or "memory_port" in logged["place"]
    assert EMAIL not in line
    assert PASSWORD not in line
    assert str(fault) not in answer.body


def test_a_login_that_cannot_start_shows_a_page(monkeypatch: pytest.MonkeyPatch, login: LoginHarness) -> None:
    """A setting that is missing is logged with its name, and gets 500."""
    from keyturn.environment import SettingsError

    def fail() -> None:
        raise SettingsError("USER_TABLE is not set")

    monkeypatch.setattr(app, "bootstrap", fail)
    assert login.send(http_api_event("GET", "/login")).status == 500
    assert app.lambda_handler({"keyturn": "unlock", "subject": login.subject}, None)["error"] == "server_error"


def test_an_operator_is_answered_as_a_dict(login: LoginHarness, capsys: pytest.CaptureFixture[str]) -> None:
    """An invocation gets the answer of the action itself, and one log line with action and subject."""
    answer = app.lambda_handler({"keyturn": "unlock", "subject": login.subject}, None)
    assert answer == {"subject": login.subject}
    logged = json.loads(capsys.readouterr().out)
    assert (logged["event"], logged["action"], logged["sub"]) == ("operator_action", "unlock", login.subject)


def test_the_log_of_an_operators_action_has_no_link_and_no_address(
    login: LoginHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither the link that was made nor the address of a new user is logged."""
    link = app.lambda_handler({"keyturn": "create_link", "subject": login.subject}, None)["link"]
    subject = "u_" + "N" * 22
    event = {"keyturn": "add_user", "subject": subject, "email": "new@example.org", "name": "New Person"}
    assert app.lambda_handler(event, None) == {"subject": subject}
    logged = capsys.readouterr().out
    for secret in (link.partition("=")[2], "new@example.org", "New Person"):
        assert secret not in logged


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"keyturn": None},
        {"keyturn": "nothing", "subject": "u_" + "A" * 22},
        {"keyturn": "unlock"},
        {"keyturn": ["unlock"], "subject": {}},
        {"keyturn": "x" * 1000, "subject": "y\n"},
        {"Records": []},
    ],
)
def test_an_event_of_no_action_is_refused(login: LoginHarness, event: dict[str, Any]) -> None:
    """An invocation without a known action gets an error and changes nothing."""
    before = login.items()
    assert app.lambda_handler(event, None)["error"] == "bad_request"
    assert login.items() == before


def test_an_operator_learns_nothing_of_a_faults_inside(login: LoginHarness) -> None:
    """A store that is away gets an error of its own, and an error that quotes input is not repeated."""
    login.stores.users.fault = StoreUnavailable("away")
    assert app.lambda_handler({"keyturn": "unlock", "subject": login.subject}, None)["error"] == "unavailable"
    login.stores.users.fault = RuntimeError(EMAIL)
    answer = app.lambda_handler({"keyturn": "unlock", "subject": login.subject}, None)
    assert answer["error"] == "server_error"
    assert EMAIL not in json.dumps(answer)


@pytest.mark.parametrize("member", ["query", "body", "header"])
def test_no_browser_reaches_the_operators_actions(login: LoginHarness, member: str) -> None:
    """A request that names an action in query, body or header is a request for a page."""
    action = {"keyturn": "unlock", "subject": login.subject}
    event = http_api_event("POST", "/login/password", headers={"content-type": "application/json"})
    if member == "query":
        event["rawQueryString"] = f"keyturn=unlock&subject={login.subject}"
    elif member == "body":
        event["body"] = json.dumps(action)
    else:
        event["headers"] |= action
    login.stores.attempts.failed[login.subject] = 100
    assert login.send(event).status == 400
    assert login.stores.attempts.failed == {login.subject: 100}


def test_an_event_of_both_kinds_is_refused(login: LoginHarness) -> None:
    """An event with the members of both kinds is refused: neither sender makes one."""
    event = http_api_event("GET", "/login") | {"keyturn": "unlock", "subject": login.subject}
    login.stores.attempts.failed[login.subject] = 100
    with pytest.raises(ValueError, match="either of API Gateway or of an operator"):
        app.lambda_handler(event, None)
    assert login.stores.attempts.failed == {login.subject: 100}


def test_strangers_text_is_not_logged(login: LoginHarness, capsys: pytest.CaptureFixture[str]) -> None:
    """The log omits an unknown path and an unknown method."""
    login.send(http_api_event("HACK", "/log4j-jndi"))
    login.send(http_api_event("HACK", "/login"))
    logged = capsys.readouterr().out
    assert "jndi" not in logged
    assert "HACK" not in logged
