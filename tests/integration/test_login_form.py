"""The sign-in page on the embedded stack: shown to a browser, posted by it, and by no other (R36, R37)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.browser import Browser
from tests.integration.people import Person, person
from tests.integration.user_stack import Application, answer_of, register

if TYPE_CHECKING:
    import httpx

    from local.stack_file import StackFile

VERIFIER = "v" * 43


@pytest.fixture(scope="module")
def application(stack: StackFile) -> Application:
    """Return a client of the operator's own: the pages ask for nothing but the sign-in."""
    return register(stack, first_party=True)


@pytest.fixture
def browser(stack: StackFile) -> Browser:
    """Return a browser that has been nowhere."""
    return Browser(stack)


@pytest.fixture
def other(stack: StackFile) -> Browser:
    """Return the browser of somebody else."""
    return Browser(stack)


@pytest.fixture(scope="module")
def ada(stack: StackFile) -> Person:
    """Return a user."""
    return person(stack, "ada-of-forms")


def ask(application: Application, browser: Browser, **changes: str) -> httpx.Response:
    """Return the answer to an authorization request of a browser."""
    return browser.open(application.authorization_url(VERIFIER, **changes))


def sign_in(application: Application, browser: Browser, user: Person, **changes: str) -> httpx.Response:
    """Return the answer to the form of the sign-in page."""
    assert ask(application, browser, **changes).status_code == 200
    return user.press(browser)


def test_the_browser_that_was_shown_the_form_signs_in_by_it(
    application: Application, browser: Browser, ada: Person
) -> None:
    """R36, R37: the form with the browser's cookie comes to a code, a session and a known browser."""
    shown = ask(application, browser)
    assert (shown.status_code, browser.forms[0].action) == (200, "/login/password")
    assert set(browser.client.cookies) == {"keyturn-browser"}
    told = answer_of(ada.press(browser))
    assert (told["state"], told["iss"]) == ("state-1", application.stack.issuer)
    assert set(browser.client.cookies) == {"keyturn-browser", "keyturn-session", "keyturn-device"}
    assert application.redeem(told["code"], VERIFIER).status_code == 200


def test_a_session_is_a_code_at_once_unless_a_new_sign_in_is_asked_for(
    application: Application, browser: Browser, ada: Person
) -> None:
    """OIDC Core §3.1.2.1: a session gives a code; prompt=login and select_account show the page."""
    sign_in(application, browser, ada)
    assert "code" in answer_of(ask(application, browser))
    assert "code" in answer_of(ask(application, browser, prompt="none"))
    for asked in ({"prompt": "login"}, {"prompt": "select_account"}):
        assert "code" in answer_of(sign_in(application, browser, ada, **asked))


def test_a_form_without_the_cookie_is_not_read(application: Application, browser: Browser, ada: Person) -> None:
    """R37: the form of another site comes without the cookie: nobody is signed in, and the sign-in begins again."""
    ask(application, browser)
    browser.client.cookies.clear()
    answer = ada.press(browser)
    assert (answer.status_code, "location" in answer.headers) == (403, False)
    assert "keyturn-session" not in browser.client.cookies
    assert "code" in answer_of(sign_in(application, browser, ada))


def test_a_form_of_another_browser_is_not_read(
    application: Application, browser: Browser, other: Browser, ada: Person
) -> None:
    """R37: the attacker's form with the attacker's token signs nobody in, in a browser with a cookie of its own."""
    ask(application, browser)
    ask(application, other)
    foreign = other.forms[0]
    for form in (foreign, foreign._replace(fields=foreign.fields | browser.forms[0].fields | _token(foreign.fields))):
        answer = browser.post(form, {"email": ada.email, "password": ada.password})
        assert (answer.status_code, "location" in answer.headers) == (403, False)
        assert "keyturn-session" not in browser.client.cookies


def _token(fields: dict[str, str]) -> dict[str, str]:
    return {"csrf_token": fields["csrf_token"]}


def test_an_interaction_is_of_one_browser(application: Application, browser: Browser, other: Browser) -> None:
    """The URL of an interaction gives a stranger's browser neither its form nor a code."""
    ask(application, browser)
    interaction = browser.forms[0].fields["interaction"]
    ask(application, other)
    for path in ("/login", "/oauth2/authorize"):
        answer = other.open(f"{path}?interaction={interaction}")
        assert (answer.status_code >= 400, "location" in answer.headers) == (True, False)


def test_the_cookies_are_out_of_reach(application: Application, browser: Browser, ada: Person) -> None:
    """R37: scripts and other sites' forms cannot use them; on http neither Secure nor the prefix is there."""
    lines = browser.client.get(application.authorization_url(VERIFIER)).headers.get_list("set-cookie")
    assert len(lines) == 1
    ask(application, browser)
    form = browser.forms[0]
    fields = form.fields | {"email": ada.email, "password": ada.password}
    lines += browser.client.post(f"{application.stack.issuer}{form.action}", data=fields).headers.get_list("set-cookie")
    found = {line.partition("=")[0]: sorted(line.split("; ")[1:]) for line in lines}
    plain = ["HttpOnly", "Path=/", "SameSite=Lax"]
    assert found == {
        "keyturn-browser": plain,
        "keyturn-session": plain,
        "keyturn-device": ["HttpOnly", "Max-Age=34560000", "Path=/", "SameSite=Lax"],
    }


def test_an_id_token_hint_is_a_code_for_its_user_alone(
    application: Application, browser: Browser, other: Browser, ada: Person
) -> None:
    """OIDC Core §3.1.2.1: a code for the user who is signed in; for somebody else login_required, or the page."""
    told = answer_of(sign_in(application, browser, ada))
    hint = application.redeem(told["code"], VERIFIER).json()["id_token"]
    grace = person(application.stack, "grace-of-forms")
    sign_in(application, other, grace)
    assert "code" in answer_of(ask(application, browser, id_token_hint=hint, prompt="none"))
    assert answer_of(ask(application, other, id_token_hint=hint, prompt="none"))["error"] == "login_required"
    assert answer_of(sign_in(application, other, grace, id_token_hint=hint))["error"] == "login_required"
    assert "code" in answer_of(sign_in(application, other, ada, id_token_hint=hint))
