"""Detours that people take in a sign-in: tabs, back, reload, double clicks, lost cookies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.browser.chromium import click_together
from tests.browser.sign_in_site import PASSWORD, authorize, is_arrived, sign_in

if TYPE_CHECKING:
    from tests.browser.chromium import Tab, View
    from tests.browser.sign_in_site import NewBrowser, Site

ALLOW = "Allow Harbour Photos?"


def begin_again(tab: Tab) -> View:
    """Press the link and then the button of this name, which the issuer's own page has."""
    page = tab.click("Begin again")
    assert page.path == "/oauth2/authorize"
    return tab.click("Begin again")


def test_two_tabs_sign_in_one_after_the_other(site: Site, new_browser: NewBrowser) -> None:
    """Each tab ends with a code of its own; a consent page from before the other tab's sign-in loads again."""
    user, application, first = site.add_user(), site.add_application(), new_browser()
    second = first.another()
    authorize(first, application)
    authorize(second, application)
    assert sign_in(first, user).heading == ALLOW
    assert sign_in(second, user).heading == ALLOW
    page = first.click("Allow")
    assert (page.status, page.heading) == (403, "This form cannot be accepted")
    assert first.click("Try again").heading == ALLOW
    codes = {tab.click("Allow").query["code"] for tab in (first, second)}
    assert len(codes) == 2


def test_one_interaction_in_two_tabs_gives_one_code(site: Site, new_browser: NewBrowser) -> None:
    """Two tabs that allow the same request at once: one arrives, the other one says that it is done."""
    user, application, first = site.add_user(), site.add_application(), new_browser()
    authorize(first, application)
    page = sign_in(first, user)
    second = first.another()
    assert second.open(page.url).heading == ALLOW
    pages = click_together([first, second], "Allow")
    (late,) = [each for each in pages if not is_arrived(each)]
    assert late.status == 400
    assert late.heading in {"This sign-in is already done", "This sign-in cannot be continued"}
    late_tab = first if late is pages[0] else second
    page = begin_again(late_tab) if late.path.startswith("/login") else late_tab.click("Begin again")
    assert is_arrived(page)


def test_the_back_button_leads_nowhere_wrong(site: Site, new_browser: NewBrowser) -> None:
    """Back after the password shows the next page, and back after the code offers to begin again, which arrives."""
    user, application, tab = site.add_user(), site.add_application(), new_browser()
    authorize(tab, application)
    assert sign_in(tab, user).heading == ALLOW
    page = tab.back()
    assert page.heading == ALLOW or not page.url.startswith(site.stack.issuer)
    authorize(tab, application)
    assert is_arrived(tab.click("Allow"))
    page = tab.back()
    assert (page.status, page.heading) == (400, "This sign-in is already done")
    assert "code" in begin_again(tab).query


def test_every_page_can_be_loaded_again(site: Site, new_browser: NewBrowser) -> None:
    """A reload shows the same page, also after a refused form, and changes nothing."""
    user, application, tab = site.add_new_user(), site.add_application(), new_browser()
    tab.open(user.link)
    assert tab.reload().heading == "Choose a password"
    tab.fill({"New password": PASSWORD, "New password, again": "something else entirely"})
    page = tab.click("Save password")
    assert page.alerts == ["The two new passwords are not the same."]
    assert tab.reload().alerts == page.alerts
    tab.fill({"New password": PASSWORD, "New password, again": PASSWORD})
    tab.click("Save password")
    assert tab.reload().notices == ["Your password is saved. Sign in with it."]
    authorize(tab, application)
    assert tab.reload().heading == "Sign in"
    page = sign_in(tab, user, "the wrong words in a row")
    assert (page.status, tab.reload().alerts) == (401, page.alerts)
    sign_in(tab, user)
    assert tab.reload().heading == ALLOW
    assert is_arrived(tab.click("Allow"))
    tab.open(site.url("/account"))
    assert tab.reload().heading == "Your account"


def test_a_double_click_signs_in_and_allows_once(site: Site, new_browser: NewBrowser) -> None:
    """A form that is sent twice leads on like one that is sent once."""
    user, application, tab = site.add_new_user(), site.add_application(), new_browser()
    tab.open(user.link)
    tab.fill({"New password": PASSWORD, "New password, again": PASSWORD})
    page = tab.double_click("Save password")
    assert page.heading in {"Sign in", "This link does not work"}
    _, verifier = authorize(tab, application)
    tab.fill({"Email address": user.email, "Password": PASSWORD})
    assert tab.double_click("Sign in").heading == ALLOW
    page = tab.double_click("Allow")
    assert is_arrived(page)
    assert application.redeem(page.query["code"], verifier).status_code == 200


def test_a_browser_that_lost_its_cookie_begins_again(site: Site, new_browser: NewBrowser) -> None:
    """Without the browser's cookie the page says that cookies are needed, and the same request begins again."""
    user, application, tab = site.add_user(), site.add_application(), new_browser(scripts=False)
    authorize(tab, application)
    tab.forget("__Host-keyturn-browser")
    page = sign_in(tab, user)
    assert (page.status, page.heading) == (403, "This sign-in began in another browser")
    assert "has to keep cookies" in page.text
    assert begin_again(tab).heading == "Sign in"
    assert sign_in(tab, user).heading == ALLOW
    tab.forget("__Host-keyturn-session")
    page = tab.click("Allow")
    assert (page.status, page.heading) == (403, "This form cannot be accepted")
    page = tab.click("Try again")
    assert page.notices == ["You are signed out. Sign in to continue."]
    assert sign_in(tab, user).heading == ALLOW
    assert is_arrived(tab.click("Allow"))


def test_a_form_without_an_interaction_is_sent_again(site: Site, new_browser: NewBrowser) -> None:
    """The account's sign-in and a link's page show the form with a new token after a lost cookie."""
    user, tab = site.add_new_user(), new_browser()
    tab.open(user.link)
    for attempt in range(2):
        if not attempt:
            tab.forget("__Host-keyturn-browser")
        tab.fill({"New password": PASSWORD, "New password, again": PASSWORD})
        page = tab.click("Save password")
        assert page.status == (200 if attempt else 403)
    tab.forget("__Host-keyturn-browser")
    page = sign_in(tab, user)
    assert (page.status, page.alerts) == (
        403,
        ["This page was open for too long, or your browser sent no cookie. Try again."],
    )
    assert sign_in(tab, user).heading == "Your account"


def test_a_copied_url_shows_nothing_in_another_browser(site: Site, new_browser: NewBrowser) -> None:
    """Another browser gets a page and may begin its own; the first browser's sign-in goes on undisturbed."""
    user, application = site.add_user(), site.add_application()
    victim, other = new_browser(), new_browser()
    page, verifier = authorize(victim, application)
    page = other.open(page.url)
    assert (page.status, page.heading) == (403, "This sign-in began in another browser")
    assert "Harbour Photos" not in page.text
    assert begin_again(other).heading == "Sign in"
    assert sign_in(other, site.add_user()).heading == ALLOW
    assert is_arrived(other.click("Allow"))
    assert sign_in(victim, user).heading == ALLOW
    page = victim.click("Allow")
    assert application.redeem(page.query["code"], verifier).status_code == 200
