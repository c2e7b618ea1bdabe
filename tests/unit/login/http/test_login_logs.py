"""The log lines of every journey: no password, address, name, cookie, link, interaction or token in any (R66)."""

from __future__ import annotations

import pytest

from keyturn.domain.interactions.interaction import Demand
from login import app
from tests.fakes.http_api_event import http_api_event
from tests.fakes.log_lines import log_lines
from tests.fakes.login_harness import CLIENT_ID, EMAIL, PASSWORD, LoginHarness

NEW = "a brand new phrase of many words"


def test_no_secret_and_nothing_personal_is_logged(login: LoginHarness, capsys: pytest.CaptureFixture[str]) -> None:
    """A whole life of a user leaves identifiers, outcomes and address blocks in the log, and nothing else of them."""
    browser = login.browser()
    interaction = login.begin(
        browser,
        *(Demand.AUTHENTICATE, Demand.CONSENT, Demand.CONFIRM),
        request={"login_hint": "hinted@example.org", "state": "the-state", "redirect_uri": "https://app.example/cb"},
    )
    secrets = {EMAIL, EMAIL.lower(), PASSWORD, NEW, "Ada Lovelace", "hinted@example.org", "the-state", interaction}

    def remember() -> None:
        secrets.update(browser.cookies.values())
        secrets.update(form["csrf_token"] for form in browser.forms.values())

    browser.get("/login", interaction=interaction)
    browser.submit("/login/password", email=EMAIL, password="a wrong secret")
    remember()
    browser.submit("/login/password", email="typo@example.org", password=PASSWORD)
    browser.follow(browser.submit("/login/password", email=EMAIL, password=PASSWORD))
    remember()
    browser.follow(browser.submit("/login/consent", decision="allow"))
    browser.submit("/login/confirm", decision="allow")
    browser.get("/account")
    remember()
    change = {"current_password": PASSWORD, "new_password": NEW, "new_password_again": NEW}
    browser.follow(browser.submit("/account/password", **change))
    remember()
    browser.submit("/account/applications", client_id=CLIENT_ID)
    browser.get("/account")
    browser.submit("/account/sessions", session="all")
    remember()
    browser.get("/account")
    browser.submit("/oauth2/logout")
    link = app.lambda_handler({"keyturn": "create_link", "subject": login.subject}, None)["link"].partition("=")[2]
    browser.get("/login/link", link=link)
    browser.submit("/login/link", new_password=PASSWORD, new_password_again=PASSWORD)
    remember()
    secrets |= {link, "a wrong secret", "typo@example.org"}

    lines = capsys.readouterr().out.splitlines()
    for line in lines:
        for secret in secrets:
            assert secret not in line
    logged = log_lines("\n".join(lines))
    outcomes = [line["outcome"] for line in logged if "outcome" in line]
    assert outcomes == [
        *("wrong", "wrong", "signed_in", "consented", "confirmed", "password_changed", "access_withdrawn"),
        *("sessions_ended", "signed_out", "done", "password_chosen"),
    ]
    assert {line["sub"] for line in logged if "sub" in line} == {login.subject}


def test_a_line_names_session_client_and_address_block(login: LoginHarness, capsys: pytest.CaptureFixture[str]) -> None:
    """An operator finds out who did what, from which network, for which client."""
    browser = login.browser()
    browser.get("/login", interaction=login.begin(browser))
    capsys.readouterr()
    browser.submit("/login/password", email=EMAIL, password=PASSWORD)
    [line] = log_lines(capsys.readouterr().out)
    session = login.session_of(browser)
    assert session is not None
    assert line == {
        "level": "INFO",
        "event": "request",
        "status": 303,
        "request_id": "request-1",
        "address": "192.0.2.0/24",
        "endpoint": "SignInPost",
        "method": "POST",
        "client_id": CLIENT_ID,
        "outcome": "signed_in",
        "sub": login.subject,
        "sid": session.session_id,
    }


@pytest.mark.parametrize("path", ["/login", "/login/link?link=x", "/account", "/nothing"])
def test_each_request_writes_one_line(login: LoginHarness, capsys: pytest.CaptureFixture[str], path: str) -> None:
    """One request is one line, also where it is refused."""
    name, _, query = path.partition("?")
    login.send(http_api_event("GET", name, query=query))
    assert len(capsys.readouterr().out.splitlines()) == 1
