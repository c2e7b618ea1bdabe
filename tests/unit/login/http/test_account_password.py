"""The change of a password through its page."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fakes.login_harness import EMAIL, PASSWORD, LoginBrowser, LoginHarness

PATH = "/account/password"
NEW = "a brand new phrase of many words"
SESSION = "__Host-keyturn-session"


@pytest.fixture
def browser(login: LoginHarness) -> LoginBrowser:
    """Return a signed-in browser that has seen the form."""
    signed_in = login.signed_in()
    signed_in.get(PATH)
    return signed_in


def fields(**changes: str) -> dict[str, str]:
    """Return the fields of a good change, with changes."""
    return {"current_password": PASSWORD, "new_password": NEW, "new_password_again": NEW} | changes


def test_a_change_ends_other_sessions_and_goes_on_here(login: LoginHarness, browser: LoginBrowser) -> None:
    """After a change this browser has a new session, others have none, and the new password signs in."""
    other = login.signed_in()
    old_cookie = browser.cookies[SESSION]
    answer = browser.submit(PATH, **fields())
    assert answer.headers["location"] == "/account?done=password"
    assert browser.cookies[SESSION] != old_cookie
    assert "Your password is changed." in browser.follow(answer).body
    assert other.get("/account").status == 303
    assert login.signed_in(EMAIL, NEW).get("/account").status == 200


@pytest.mark.parametrize(
    ("changes", "status", "message"),
    [
        ({"current_password": ""}, 400, "Enter your password."),
        ({"current_password": "wrong"}, 401, "The current password is wrong."),
        ({"new_password": "", "new_password_again": ""}, 400, "Enter a new password."),
        ({"new_password_again": NEW + "x"}, 400, "The two new passwords are not the same."),
        ({"new_password": "short", "new_password_again": "short"}, 400, "Use at least 15 characters."),
        ({"new_password": "a" * 20, "new_password_again": "a" * 20}, 400, "repeats a few characters"),
    ],
)
def test_a_change_that_breaks_a_rule_says_which(
    login: LoginHarness, browser: LoginBrowser, changes: dict[str, Any], status: int, message: str
) -> None:
    """A refused change keeps the password and the session, and shows the reason beside the field."""
    before = login.items()
    answer = browser.submit(PATH, **fields(**changes))
    assert (answer.status, message in answer.body, answer.cookies) == (status, True, ())
    assert login.items() == before
    assert NEW not in answer.body


def test_an_old_sign_in_asks_for_a_new_one(login: LoginHarness, browser: LoginBrowser) -> None:
    """A change needs a sign-in of the last five minutes; the sign-in page then leads back to the form."""
    login.clock.seconds += 301
    answer = browser.submit(PATH, **fields())
    assert (answer.status, answer.headers["location"]) == (303, "/login?again=1&then=password")
    assert "Sign in again to change your password" in browser.follow(answer).body
    answer = browser.submit("/login/password", email=EMAIL, password=PASSWORD)
    assert (answer.status, answer.headers["location"]) == (303, PATH)
    browser.follow(answer)
    assert browser.submit(PATH, **fields()).headers["location"] == "/account?done=password"


def test_guesses_at_the_current_password_are_limited(login: LoginHarness, browser: LoginBrowser) -> None:
    """Somebody at an unlocked computer cannot guess for long: 429 with the time to wait."""
    for _ in range(10):
        browser.submit(PATH, **fields(current_password="guess"))
    answer = browser.submit(PATH, **fields())
    assert (answer.status, int(answer.headers["retry-after"]) > 0) == (429, True)
    assert "Too many attempts." in answer.body


def test_the_form_on_the_account_page_works_too(browser: LoginBrowser) -> None:
    """The account page has the same form."""
    browser.get("/account")
    assert browser.submit(PATH, **fields()).status == 303


@pytest.mark.parametrize(
    ("call", "message"),
    [("change_password", "Your new password is not saved"), ("sign_in", "Your password is saved. Sign in with it.")],
)
def test_a_user_who_changed_meanwhile_is_told(
    login: LoginHarness, browser: LoginBrowser, call: str, message: str
) -> None:
    """A change that lost a race signs the user out; the sign-in page says whether the password is saved."""
    monkey = pytest.MonkeyPatch()
    with monkey.context() as patch:
        patch.setattr(login.stores.sign_ins, call, lambda *args, **kwargs: False)
        answer = browser.submit(PATH, **fields())
    assert (answer.status, SESSION in browser.cookies) == (303, False)
    page = browser.follow(answer)
    assert (page.status, message in page.body) == (200, True)


def test_only_known_pages_follow_a_sign_in(login: LoginHarness) -> None:
    """The page after a sign-in is named by a known word: a foreign URL is never followed."""
    browser = login.browser()
    assert "evil" not in browser.get("/login", then="https://evil.example/").body
    answer = browser.submit("/login/password", email=EMAIL, password=PASSWORD, then="//evil.example")
    assert answer.headers["location"] == "/account"
