"""The page of a one-time link."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from keyturn.domain.users.authority import Status
from login import app
from tests.fakes.login_harness import EMAIL, LoginHarness

PATH = "/login/link"
NEW = "a brand new phrase of many words"


@pytest.fixture
def link(login: LoginHarness) -> str:
    """Return the value of a fresh link of the user."""
    answer = app.lambda_handler({"keyturn": "create_link", "subject": login.subject}, None)
    url: str = answer["link"]
    assert url.startswith("https://issuer.example/login/link?link=")
    return url.partition("=")[2]


def test_a_link_leads_to_a_new_password(login: LoginHarness, link: str) -> None:
    """GET shows the form and uses nothing; POST stores the password, and the user signs in with it."""
    browser = login.browser()
    for _ in range(3):
        page = browser.get(PATH, link=link)
        assert (page.status, EMAIL in page.body) == (200, True)
    answer = browser.submit(PATH, new_password=NEW, new_password_again=NEW)
    assert (answer.status, answer.headers["location"]) == (303, "/login?done=password_saved")
    assert "Your password is saved." in browser.follow(answer).body
    assert browser.submit("/login/password", email=EMAIL, password=NEW).status == 303


def test_a_link_works_once(login: LoginHarness, link: str) -> None:
    """A second use, and a double submit, get a page: sign in, or ask for a new link."""
    browser = login.browser()
    browser.get(PATH, link=link)
    form = browser.forms[PATH]
    assert browser.post(PATH, **form, new_password=NEW, new_password_again=NEW).status == 303
    before = login.items()
    answer = browser.post(PATH, **form, new_password=NEW, new_password_again=NEW)
    assert (answer.status, "ask the people who run this service for a new link" in answer.body) == (400, True)
    assert browser.get(PATH, link=link).status == 400
    assert login.items() == before


@pytest.mark.parametrize("cause", ["unknown", "expired", "disabled", "changed"])
def test_a_link_that_is_over_gets_a_page(login: LoginHarness, link: str, cause: str) -> None:
    """A link that is unknown, expired, or of a changed or disabled user sets no password."""
    browser = login.browser()
    browser.get(PATH, link=link)
    authority = login.stores.authorities.stored[login.subject]
    if cause == "unknown":
        browser.forms[PATH]["link"] = "x" * 43
    elif cause == "expired":
        login.clock.seconds += 900
    elif cause == "disabled":
        login.stores.authorities.stored[login.subject] = replace(authority, status=Status.DISABLED)
    else:
        stored = login.stores.passwords.stored[login.subject]
        login.stores.passwords.stored[login.subject] = replace(stored, revision=stored.revision + 1)
    before = login.items()
    answer = browser.submit(PATH, new_password=NEW, new_password_again=NEW)
    assert (answer.status, "This link does not work" in answer.body) == (400, True)
    assert login.items() == before


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"new_password": ""}, "Enter a new password."),
        ({"new_password_again": "another"}, "The two new passwords are not the same."),
        ({"new_password": "short", "new_password_again": "short"}, "Use at least 15 characters."),
    ],
)
def test_a_password_that_breaks_a_rule_keeps_the_link(
    login: LoginHarness, link: str, changes: dict[str, Any], message: str
) -> None:
    """The page comes again with the reason, and the link still works afterwards."""
    browser = login.browser()
    browser.get(PATH, link=link)
    answer = browser.submit(PATH, **({"new_password": NEW, "new_password_again": NEW} | changes))
    assert (answer.status, message in answer.body) == (400, True)
    assert browser.submit(PATH, new_password=NEW, new_password_again=NEW).status == 303


def test_a_form_of_another_browser_uses_no_link(login: LoginHarness, link: str) -> None:
    """R37: a page of an attacker cannot set a password in the victim's browser."""
    attacker, victim = login.browser(), login.browser()
    attacker.get(PATH, link=link)
    before = login.items()
    answer = victim.post(PATH, **attacker.forms[PATH], new_password=NEW, new_password_again=NEW)
    assert answer.status == 403
    assert login.items() == before


def test_a_link_is_required(login: LoginHarness) -> None:
    """The page without a link is a bad request."""
    assert login.browser().get(PATH).status == 400
