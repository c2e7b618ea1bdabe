"""The account page and the logout in Chromium, and the effect of each on other browsers and on tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from tests.browser.sign_in_site import PASSWORD, SIGNED_OUT_URI, authorize, is_arrived, sign_in
from tests.integration.http import statuses

if TYPE_CHECKING:
    from tests.browser.chromium import Tab, View
    from tests.browser.sign_in_site import NewBrowser, Site, User
    from tests.integration.user_stack import Application

NEW_PASSWORD = "nine lanterns under a bridge"


def open_account(site: Site, tab: Tab, user: User) -> View:
    """Sign in for the account page."""
    tab.open(site.url("/account"))
    return sign_in(tab, user)


def get_tokens(tab: Tab, application: Application) -> dict[str, Any]:
    """Return the tokens for the session of this browser; the consent page is answered where it comes."""
    page, verifier = authorize(tab, application)
    page = page if is_arrived(page) else tab.click("Allow")
    answer = application.redeem(page.query["code"], verifier)
    assert answer.status_code == 200, answer.text
    tokens: dict[str, Any] = answer.json()
    return tokens


def assert_dead(site: Site, application: Application, tokens: dict[str, Any]) -> None:
    """Check that APIs and the token endpoint refuse the access token and the refresh token."""
    assert 200 not in statuses(site.stack, tokens["access_token"]).values()
    assert application.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"


def test_a_session_is_ended_from_another_browser(site: Site, new_browser: NewBrowser) -> None:
    """End signs the other browser out at once, and its tokens are refused."""
    user, application, here, there = site.add_user(), site.add_application(), new_browser(), new_browser()
    open_account(site, there, user)
    tokens = get_tokens(there, application)
    open_account(site, here, user)
    page = here.click("End the session in", exact=False)
    assert page.notices == ["The session is ended."]
    assert there.open(site.url("/account")).heading == "Sign in"
    assert_dead(site, application, tokens)
    assert here.reload().heading == "Your account"


def test_a_changed_password_signs_the_others_out(site: Site, new_browser: NewBrowser) -> None:
    """The wrong current password changes nothing; the right one ends other browsers, their tokens, the old password."""
    user, application, here, there = site.add_user(), site.add_application(), new_browser(), new_browser()
    open_account(site, there, user)
    tokens = get_tokens(there, application)
    open_account(site, here, user)
    here.open(site.url("/account/password"))
    chosen = {"New password": NEW_PASSWORD, "New password, again": NEW_PASSWORD}
    here.fill({"Current password": "not the current password", **chosen})
    page = here.click("Change password")
    assert (page.status, page.alerts) == (401, ["The current password is wrong."])
    here.fill({"Current password": PASSWORD, **chosen})
    page = here.click("Change password")
    assert page.notices == ["Your password is changed. Other browsers are signed out."]
    assert there.open(site.url("/account")).heading == "Sign in"
    assert sign_in(there, user).status == 401
    assert sign_in(there, user, NEW_PASSWORD).heading == "Your account"
    assert_dead(site, application, tokens)


def test_a_withdrawn_application_has_to_ask_again(site: Site, new_browser: NewBrowser) -> None:
    """Withdraw ends the tokens of this application alone; the next request asks, and its tokens count."""
    user, tab = site.add_user(), new_browser()
    photos, calendar = site.add_application(), site.add_application(name="Tide Calendar")
    open_account(site, tab, user)
    tokens, others = get_tokens(tab, photos), get_tokens(tab, calendar)
    tab.open(site.url("/account"))
    page = tab.click("Withdraw the access of Harbour Photos")
    assert page.notices == ["The access is withdrawn."]
    assert "Harbour Photos" not in page.text
    assert "Tide Calendar" in page.text
    assert_dead(site, photos, tokens)
    assert set(statuses(site.stack, others["access_token"]).values()) == {200}
    page, verifier = authorize(tab, photos)
    assert page.heading == "Allow Harbour Photos?"
    answer = photos.redeem(tab.click("Allow").query["code"], verifier)
    assert set(statuses(site.stack, answer.json()["access_token"]).values()) == {200}


def test_all_other_sessions_end(site: Site, new_browser: NewBrowser) -> None:
    """This browser stays signed in; the other one and every token from before do not."""
    user, application, here, there = site.add_user(), site.add_application(), new_browser(), new_browser()
    open_account(site, there, user)
    tokens = get_tokens(there, application)
    open_account(site, here, user)
    page = here.click("End all others")
    assert page.notices == ["All other sessions are ended."]
    assert there.open(site.url("/account")).heading == "Sign in"
    assert_dead(site, application, tokens)
    tokens = get_tokens(here, application)
    assert set(statuses(site.stack, tokens["access_token"]).values()) == {200}


def test_a_logout_with_a_hint_asks_nothing(site: Site, new_browser: NewBrowser) -> None:
    """The browser returns to the client with its state, and the session is over (RP-Initiated Logout 1.0 §2, §3)."""
    user, tab = site.add_user(), new_browser()
    application = site.add_application(post_logout_redirect_uris=(SIGNED_OUT_URI,))
    open_account(site, tab, user)
    tokens = get_tokens(tab, application)
    query = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": SIGNED_OUT_URI, "state": "s-2"}
    page = tab.open(site.url(f"/oauth2/logout?{urlencode(query)}"))
    assert page.url == f"{SIGNED_OUT_URI}?state=s-2"
    page, _ = authorize(tab, application, prompt="none")
    assert page.query["error"] == "login_required"
    assert_dead(site, application, tokens)


def test_a_logout_without_a_hint_asks(site: Site, new_browser: NewBrowser) -> None:
    """The page names client and user; "stay" ends nothing, "sign out" ends the session and returns to the client."""
    user, tab = site.add_user(), new_browser(scripts=False)
    application = site.add_application(post_logout_redirect_uris=(SIGNED_OUT_URI,))
    open_account(site, tab, user)
    query = {"client_id": application.client_id, "post_logout_redirect_uri": SIGNED_OUT_URI, "state": "s-3"}
    logout = site.url(f"/oauth2/logout?{urlencode(query)}")
    page = tab.open(logout)
    assert page.heading == "Sign out?"
    assert "Harbour Photos" in page.text
    assert user.email in page.text
    assert tab.click("Stay signed in").heading == "You are still signed in"
    assert tab.click("Go to your account").heading == "Your account"
    tab.open(logout)
    assert tab.click("Sign out").url == f"{SIGNED_OUT_URI}?state=s-3"
    assert tab.open(site.url("/account")).heading == "Sign in"


def test_the_account_page_signs_out(site: Site, new_browser: NewBrowser) -> None:
    """The button ends the session, and the back button shows nothing of the account."""
    user, tab = site.add_user(), new_browser()
    open_account(site, tab, user)
    page = tab.click("Sign out")
    assert page.heading == "You are signed out"
    assert "__Host-keyturn-session" not in tab.cookies()
    page = tab.back()
    assert page.heading == "Sign in"
    assert user.email not in page.text
