"""The sign-in in Chromium, on the embedded stack, from a one-time link to a protected call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.browser.sign_in_site import ATTEMPTS, PASSWORD, authorize, is_arrived, sign_in
from tests.integration.http import statuses

if TYPE_CHECKING:
    from tests.browser.sign_in_site import NewBrowser, Site

_COOKIES = {"__Host-keyturn-browser", "__Host-keyturn-session", "__Host-keyturn-device"}


def test_from_a_link_to_a_protected_call(site: Site, new_browser: NewBrowser) -> None:
    """Without JavaScript a new user chooses a password, signs in and consents, and the client calls the APIs."""
    user, application, tab = site.add_new_user(), site.add_application(), new_browser(scripts=False)
    page = tab.open(user.link)
    assert (page.status, page.heading) == (200, "Choose a password")
    tab.fill({"New password": "too short", "New password, again": "too short"})
    page = tab.click("Save password")
    assert (page.status, page.alerts) == (400, ["Use at least 15 characters."])
    tab.fill({"New password": PASSWORD, "New password, again": PASSWORD})
    page = tab.click("Save password")
    assert page.notices == ["Your password is saved. Sign in with it."]

    page, verifier = authorize(tab, application)
    assert (page.path, page.heading) == ("/login", "Sign in")
    assert set(page.query) == {"interaction"}
    page = sign_in(tab, user)
    assert page.heading == "Allow Harbour Photos?"
    page = tab.click("Allow")
    assert is_arrived(page)
    assert (page.query["iss"], page.query["state"]) == (site.stack.issuer, "state-1")
    tokens = application.redeem(page.query["code"], verifier).json()
    assert set(statuses(site.stack, tokens["access_token"]).values()) == {200}

    page, _ = authorize(tab, application)
    assert is_arrived(page)
    assert "code" in page.query


def test_the_cookies_of_an_https_issuer(site: Site, new_browser: NewBrowser) -> None:
    """Chromium keeps the three cookies under their production names, for this host and out of reach of scripts."""
    user, tab = site.add_user(), new_browser()
    tab.open(site.url("/login"))
    page = sign_in(tab, user)
    assert page.heading == "Your account"
    cookies = tab.cookies()
    assert set(cookies) == _COOKIES
    for each in cookies.values():
        assert (each["httpOnly"], each["secure"], each["sameSite"], each["path"]) == (True, True, "Lax", "/")


def test_the_keyboard_alone_signs_in(site: Site, new_browser: NewBrowser) -> None:
    """Typing, Tab and Enter lead from the application through sign-in and consent back to it (WCAG 2.1.1)."""
    user, application, tab = site.add_user(), site.add_application(), new_browser()
    page, _ = authorize(tab, application)
    assert page.focus == "email"
    tab.type(user.email)
    assert tab.press("Tab").focus == "password"
    tab.type(PASSWORD)
    page = tab.press("Enter", loads=True)
    assert page.heading == "Allow Harbour Photos?"
    assert [tab.press("Tab").focus for _ in range(2)] == ["Use another account", "Allow"]
    assert is_arrived(tab.press("Enter", loads=True))


def test_a_wrong_password_reads_as_an_unknown_user(site: Site, new_browser: NewBrowser) -> None:
    """The page after a refusal is the same whether the account exists, and the right password still goes on."""
    user, application, tab = site.add_user(), site.add_application(), new_browser()
    authorize(tab, application)
    wrong = sign_in(tab, user, "the wrong words in a row")
    unknown = sign_in(tab, user._replace(email="nobody@example.com"))
    assert wrong.alerts == ["The email address or the password is wrong."]
    assert (wrong.status, wrong.title, wrong.alerts, wrong.text) == (
        unknown.status,
        unknown.title,
        unknown.alerts,
        unknown.text,
    )
    assert wrong.status == 401
    assert sign_in(tab, user).heading == "Allow Harbour Photos?"


def test_a_flood_of_passwords_stops_no_known_browser(site: Site, new_browser: NewBrowser) -> None:
    """An unknown browser gets 429 for the right password too; the browser that the user knows signs in."""
    user, known, unknown = site.add_user(), new_browser(), new_browser()
    known.open(site.url("/login"))
    sign_in(known, user)
    unknown.open(site.url("/login"))
    statuses = [sign_in(unknown, user, "the wrong words in a row").status for _ in range(ATTEMPTS)]
    assert statuses == [401] * (ATTEMPTS - 1) + [429]
    page = sign_in(unknown, user)
    assert page.status == 429
    assert page.alerts[0].startswith("Too many attempts. Wait ")
    known.forget("__Host-keyturn-session")
    known.open(site.url("/login"))
    assert sign_in(known, user).heading == "Your account"


def test_prompt_asks_again(site: Site, new_browser: NewBrowser) -> None:
    """prompt=login asks for the password, prompt=consent for a recorded consent; `prompt=none` shows none."""
    user, application, tab = site.add_user(), site.add_application(), new_browser()
    page, _ = authorize(tab, application, prompt="none")
    assert page.query["error"] == "login_required"
    authorize(tab, application)
    sign_in(tab, user)
    page, _ = authorize(tab, application, prompt="none")
    assert page.query["error"] == "consent_required"
    authorize(tab, application)
    assert is_arrived(tab.click("Allow"))
    page, _ = authorize(tab, application, prompt="login")
    assert page.heading == "Sign in"
    assert "code" in sign_in(tab, user).query
    page, _ = authorize(tab, application, prompt="consent")
    assert page.heading == "Allow Harbour Photos?"
    assert "code" in tab.click("Allow").query
    page, _ = authorize(tab, application, prompt="none")
    assert "code" in page.query


def test_a_refusal_reaches_the_application(site: Site, new_browser: NewBrowser) -> None:
    """Deny sends access_denied with the state, and the next request asks again (RFC 6749 §4.1.2.1)."""
    user, application, tab = site.add_user(), site.add_application(), new_browser()
    authorize(tab, application)
    sign_in(tab, user)
    page = tab.click("Deny")
    assert is_arrived(page)
    assert (page.query["error"], page.query["state"]) == ("access_denied", "state-1")
    page, _ = authorize(tab, application)
    assert page.heading == "Allow Harbour Photos?"


def test_a_program_on_the_device_is_confirmed_each_time(site: Site, new_browser: NewBrowser) -> None:
    """Sign-in, consent and confirmation come once; the code goes to the loopback port (RFC 8252 §7.3, §8.6)."""
    user, tab = site.add_user(), new_browser()
    application = site.add_application(
        authentication=frozenset({"none"}), secret_hashes=(), redirect_uris=("http://127.0.0.1/callback",)
    )
    here = f"{site.native}/callback"
    _, verifier = authorize(tab, application, redirect_uri=here, prompt="login")
    assert sign_in(tab, user).heading == "Allow Harbour Photos?"
    assert tab.click("Allow").heading == "Did you open Harbour Photos?"
    page = tab.click("Continue")
    assert page.url.startswith(f"{here}?")
    assert application.redeem(page.query["code"], verifier, redirect_uri=here).status_code == 200
    page, _ = authorize(tab, application, redirect_uri=here)
    assert page.heading == "Did you open Harbour Photos?"
    assert tab.reload().heading == page.heading
    assert tab.click("Cancel").query["error"] == "access_denied"
