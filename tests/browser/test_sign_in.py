"""The sign-in in Chromium, on the embedded stack, from a one-time link to a protected call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.browser.sign_in_site import PASSWORD, authorize, is_arrived, sign_in
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
