"""The form of a login on the embedded stack: shown to a browser, posted by it, and by no other (R37)."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import httpx
import pytest

from tests.integration.user_stack import Application, answer_of, login_in, register

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.stack_file import StackFile

VERIFIER = "v" * 43
SESSION = "any-user"  # the cookie of the tests' login


@pytest.fixture(scope="module")
def application(stack: StackFile) -> Iterator[Application]:
    """Return a client of users, on a stack with a login."""
    with login_in(stack):
        yield register(stack)


class Page(HTMLParser):
    """What a browser posts of a page: where to, and the fields as they are shown."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Read a form or a field of it."""
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.action = found["action"]
        elif tag == "input":
            self.fields[found["name"]] = found["value"]


class Browser:
    """A person's browser: it keeps cookies, and posts the form that it was shown last."""

    def __init__(self, application: Application) -> None:
        """Begin without cookies."""
        self._application = application
        self.client = httpx.Client(timeout=40, trust_env=False)
        self.page = Page("")

    def open(self, **changes: str) -> httpx.Response:
        """Return the answer to an authorization request, which does not say who the user is."""
        return self._seen(self.client.get(self._application.authorization_url(VERIFIER, **changes)))

    def post(self, user: str, **changes: str) -> httpx.Response:
        """Return the answer to the form with the user's name."""
        url = urljoin(self._application.stack.issuer, self.page.action)
        return self._seen(self.client.post(url, data=self.page.fields | {"user": user} | changes))

    def log_in(self, user: str) -> dict[str, Any]:
        """Return the tokens that the user's login by the form comes to."""
        self.open()
        answer = self._application.redeem(answer_of(self.post(user))["code"], VERIFIER)
        assert answer.status_code == 200, answer.text
        tokens: dict[str, Any] = answer.json()
        return tokens

    def _seen(self, answer: httpx.Response) -> httpx.Response:
        if "<form" in answer.text:
            self.page = Page(answer.text)
        return answer


@pytest.fixture
def browser(application: Application) -> Iterator[Browser]:
    """Return a browser that has been nowhere."""
    browser = Browser(application)
    with browser.client:
        yield browser


@pytest.fixture
def other(application: Application) -> Iterator[Browser]:
    """Return the browser of somebody else."""
    browser = Browser(application)
    with browser.client:
        yield browser


def check_unread(answer: httpx.Response) -> None:
    """Assert that a form came to the page again, and to nothing else."""
    assert (answer.status_code, answer.headers.get("location")) == (403, None)
    assert Page(answer.text).fields["csrf_token"]
    assert SESSION not in answer.cookies


def test_the_browser_that_was_shown_the_form_logs_in_by_it(application: Application, browser: Browser) -> None:
    """R36, R37: a page with a cookie, and its form with that cookie comes to a code and to the login's session."""
    shown = browser.open()
    assert (shown.status_code, browser.page.action) == (200, "/oauth2/authorize")
    assert list(shown.cookies) == ["keyturn-browser"]
    answer = browser.post("ada")
    told = answer_of(answer)
    assert (told["state"], told["iss"]) == ("state-1", application.stack.issuer)
    assert list(answer.cookies) == [SESSION]
    assert application.redeem(told["code"], VERIFIER).status_code == 200


def test_a_session_is_a_code_at_once_unless_a_new_login_is_asked_for(browser: Browser) -> None:
    """OIDC Core §3.1.2.1: the cookie says who is logged in; prompt=login and max_age=0 show the page all the same."""
    browser.log_in("ada")
    assert "code" in answer_of(browser.open())
    assert "code" in answer_of(browser.open(prompt="none"))
    for asked in ({"prompt": "login"}, {"prompt": "select_account"}, {"max_age": "0"}):
        assert browser.open(**asked).status_code == 200
        assert "code" in answer_of(browser.post("ada"))


def test_a_form_without_the_cookie_is_not_read(browser: Browser) -> None:
    """R37: another site's form arrives without it: the page again, with a cookie, by which it goes on."""
    browser.open()
    browser.client.cookies.clear()
    answer = browser.post("ada")
    check_unread(answer)
    assert "keyturn-browser" in answer.cookies
    assert "code" in answer_of(browser.post("ada"))


def test_a_form_of_another_browser_is_not_read(browser: Browser, other: Browser) -> None:
    """R37: an attacker's form, with the attacker's token and name, posted by a browser that has a cookie of its own."""
    browser.open()
    other.open()
    check_unread(browser.post("mallory", csrf_token=other.page.fields["csrf_token"]))


def test_the_cookie_is_out_of_reach(browser: Browser) -> None:
    """R37: of scripts, and of other sites' forms; on http it has neither Secure nor the prefix that asks for it."""
    [line] = browser.open().headers.get_list("set-cookie")
    pair, *attributes = line.split("; ")
    assert pair.startswith("keyturn-browser=")
    assert sorted(attributes) == ["HttpOnly", "Path=/", "SameSite=Lax"]


def test_an_id_token_hint_is_a_code_for_its_user_alone(browser: Browser, other: Browser) -> None:
    """OIDC Core §3.1.2.1: of whoever is logged in a code; of somebody else login_required, or the page to log in."""
    hint = browser.log_in("ada")["id_token"]
    other.log_in("grace")
    assert "code" in answer_of(browser.open(id_token_hint=hint, prompt="none"))
    assert answer_of(other.open(id_token_hint=hint, prompt="none"))["error"] == "login_required"
    assert other.open(id_token_hint=hint).status_code == 200
    assert answer_of(other.post("grace"))["error"] == "login_required"
    assert other.open(id_token_hint=hint).status_code == 200
    assert "code" in answer_of(other.post("ada"))
