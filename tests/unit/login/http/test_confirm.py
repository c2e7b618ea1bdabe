"""The page before a code for a program on the device (RFC 8252 §8.6)."""

from __future__ import annotations

import pytest

from keyturn.domain.interactions.interaction import Demand
from tests.fakes.login_harness import LoginBrowser, LoginHarness

CONFIRM_PATH = "/login/confirm"


@pytest.fixture
def asked(login: LoginHarness) -> tuple[LoginBrowser, str]:
    """Return a signed-in browser and its interaction, whose page it has seen."""
    browser = login.signed_in()
    session = login.session_of(browser)
    assert session is not None
    interaction = login.begin(browser, Demand.CONFIRM, session_id=session.session_id)
    browser.get("/login", interaction=interaction)
    return browser, interaction


def test_continue_writes_the_mark(login: LoginHarness, asked: tuple[LoginBrowser, str]) -> None:
    """The user's word that they started the program leads to the issuer."""
    browser, interaction = asked
    answer = browser.submit(CONFIRM_PATH, decision="allow")
    assert (answer.status, answer.headers["location"]) == (303, f"/oauth2/authorize?interaction={interaction}")
    assert login.interaction(interaction).confirmed_at == login.now


def test_cancel_denies(login: LoginHarness, asked: tuple[LoginBrowser, str]) -> None:
    """Cancel marks the interaction as denied."""
    browser, interaction = asked
    answer = browser.submit(CONFIRM_PATH, decision="deny")
    assert answer.headers["location"] == f"/oauth2/authorize?interaction={interaction}"
    marked = login.interaction(interaction)
    assert (marked.denied, marked.confirmed_at) == (True, None)


def test_a_consent_post_confirms_nothing(login: LoginHarness, asked: tuple[LoginBrowser, str]) -> None:
    """Each demand has its own mark: a post to another step leads to the page that is due."""
    browser, interaction = asked
    answer = browser.post("/login/consent", **browser.forms[CONFIRM_PATH], decision="allow")
    assert answer.headers["location"] == f"/login?interaction={interaction}"
    marked = login.interaction(interaction)
    assert (marked.confirmed_at, marked.consented) == (None, None)


def test_a_confirmation_that_is_sent_twice_is_harmless(login: LoginHarness, asked: tuple[LoginBrowser, str]) -> None:
    """The second post changes nothing, whatever it says."""
    browser, _ = asked
    form = browser.forms[CONFIRM_PATH]
    browser.post(CONFIRM_PATH, **form, decision="allow")
    before = login.items()
    assert browser.post(CONFIRM_PATH, **form, decision="deny").status == 303
    assert login.items() == before
