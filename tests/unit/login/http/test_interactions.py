"""Interactions: who may see one, and what a second tab, the back button and a lost cookie do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from keyturn.domain.interactions.interaction import INTERACTION_LIFETIME, Demand
from tests.fakes.http_api_event import form_event, http_api_event
from tests.fakes.login_harness import (
    CLIENT_ID,
    EMAIL,
    OTHER_EMAIL,
    OTHER_PASSWORD,
    PASSWORD,
    LoginHarness,
)

PASSWORD_PATH = "/login/password"
CONSENT_PATH = "/login/consent"
CONFIRM_PATH = "/login/confirm"
BROWSER = "__Host-keyturn-browser"
SESSION = "__Host-keyturn-session"
POSTS = [PASSWORD_PATH, CONSENT_PATH, CONFIRM_PATH]


@pytest.mark.parametrize("value", ["x", "A" * 22, "A" * 21 + "=", "../" * 7 + "A", "A" * 10_000, "\x00" * 22])
def test_a_forged_interaction_gets_a_page(login: LoginHarness, value: str) -> None:
    """A forged id gets 400 and the way back to the application, and is not repeated."""
    answer = login.browser().get("/login", interaction=value)
    assert (answer.status, "Go back to the application" in answer.body) == (400, True)
    assert value not in answer.body or value == "x"


def test_a_foreign_interaction_gets_a_page_with_begin_again(login: LoginHarness) -> None:
    """Another browser sees no page of an interaction, and a link to the issuer, which begins the request again."""
    interaction = login.begin(login.browser())
    answer = login.browser().get("/login", interaction=interaction)
    assert answer.status == 403
    assert f'href="/oauth2/authorize?interaction={interaction}"' in answer.body
    assert "password" not in answer.body


def test_an_interaction_without_a_browser_is_nobodys(login: LoginHarness) -> None:
    """An unbound interaction, which a POST to the issuer left, is shown to no browser before the issuer bound it."""
    browser = login.browser()
    answer = browser.get("/login", interaction=login.begin(browser, browser_hash=None))
    assert answer.status == 403


def test_an_interaction_ends_at_its_time(login: LoginHarness) -> None:
    """An interaction works until the second before its end, and gets 400 from then on, whatever TTL has deleted."""
    browser = login.browser()
    interaction = login.begin(browser)
    login.clock.seconds += INTERACTION_LIFETIME - 1
    assert browser.get("/login", interaction=interaction).status == 200
    login.clock.seconds += 1
    answer = browser.get("/login", interaction=interaction)
    assert (answer.status, "begin again" in answer.body.lower()) == (400, True)


def test_a_used_interaction_gives_no_page(login: LoginHarness) -> None:
    """An interaction whose code was given refuses page and post."""
    browser = login.browser()
    interaction = login.begin(browser)
    browser.get("/login", interaction=interaction)
    stored = login.interaction(interaction)
    login.stores.interactions.stored[stored.key_hash] = replace(stored, grant_id="g-1")
    assert browser.get("/login", interaction=interaction).status == 400
    before = login.items()
    assert browser.submit(PASSWORD_PATH, email=EMAIL, password=PASSWORD).status == 400
    assert login.items() == before


@pytest.mark.parametrize("path", POSTS)
def test_a_post_for_a_foreign_interaction_changes_nothing(login: LoginHarness, path: str) -> None:
    """A signed-in user who posts somebody else's interaction writes no mark into it."""
    theirs = login.begin(login.browser(), Demand.CONSENT, Demand.CONFIRM)
    mine = login.signed_in()
    session = login.session_of(mine)
    assert session is not None
    own = login.begin(mine, Demand.CONSENT, session_id=session.session_id)
    mine.get("/login", interaction=own)
    guard = mine.forms[CONSENT_PATH]["csrf_token"]
    mine.get("/login", again="1")
    token = mine.forms[PASSWORD_PATH]["csrf_token"] if path == PASSWORD_PATH else guard
    before = login.items()
    answer = mine.post(path, interaction=theirs, csrf_token=token, decision="allow", email=EMAIL, password=PASSWORD)
    assert answer.status == 403
    assert login.items() == before


def test_a_finished_interaction_leads_to_the_issuer(login: LoginHarness) -> None:
    """The back button after the last page, and a reload, lead on to the issuer."""
    browser = login.browser()
    interaction = login.begin(browser)
    browser.get("/login", interaction=interaction)
    browser.submit(PASSWORD_PATH, email=EMAIL, password=PASSWORD)
    answer = browser.get("/login", interaction=interaction)
    assert (answer.status, answer.headers["location"]) == (303, f"/oauth2/authorize?interaction={interaction}")


def test_a_sign_in_form_that_is_sent_twice_is_harmless(login: LoginHarness) -> None:
    """The second post of a sign-in form, after the first one's cookies, leads on without another session."""
    browser = login.browser()
    interaction = login.begin(browser, Demand.AUTHENTICATE, Demand.CONSENT)
    browser.get("/login", interaction=interaction)
    form = browser.forms[PASSWORD_PATH]
    first = browser.post(PASSWORD_PATH, **form, email=EMAIL, password=PASSWORD)
    before = login.items()
    second = browser.post(PASSWORD_PATH, **form, email=EMAIL, password=PASSWORD)
    assert (second.status, second.headers["location"]) == (303, first.headers["location"])
    assert login.items() == before


def test_both_posts_of_a_double_click_leave_one_usable_session(login: LoginHarness) -> None:
    """Two sign-in forms that were sent before the first answer leave the interaction with the last one's session."""
    browser = login.browser()
    interaction = login.begin(browser)
    browser.get("/login", interaction=interaction)
    impatient = browser.copy()
    impatient.forms = browser.forms
    browser.submit(PASSWORD_PATH, email=EMAIL, password=PASSWORD)
    impatient.submit(PASSWORD_PATH, email=EMAIL, password=PASSWORD)
    session = login.session_of(impatient)
    assert session is not None
    assert login.interaction(interaction).session_id == session.session_id


def test_a_session_cookie_that_is_lost_half_way_asks_again(login: LoginHarness) -> None:
    """Without the session of the interaction the sign-in page comes again and says why, and earlier marks are gone."""
    browser = login.browser()
    interaction = login.begin(browser, Demand.AUTHENTICATE, Demand.CONSENT, Demand.CONFIRM)
    browser.get("/login", interaction=interaction)
    browser.follow(browser.submit(PASSWORD_PATH, email=EMAIL, password=PASSWORD))
    browser.submit(CONSENT_PATH, decision="allow")
    browser.cookies.pop(SESSION)
    page = browser.get("/login", interaction=interaction)
    assert (page.status, "You are signed out." in page.body) == (200, True)
    browser.submit(PASSWORD_PATH, email=EMAIL, password=PASSWORD)
    assert login.interaction(interaction).consented is None
    assert "Allow The Application?" in browser.get("/login", interaction=interaction).body


def test_a_browser_cookie_that_is_lost_half_way_gets_begin_again(login: LoginHarness) -> None:
    """Without the browser's cookie the interaction is foreign, and the page leads to the issuer."""
    browser = login.browser()
    interaction = login.begin(browser)
    browser.get("/login", interaction=interaction)
    browser.cookies.pop(BROWSER)
    answer = browser.submit(PASSWORD_PATH, email=EMAIL, password=PASSWORD)
    assert (answer.status, "Begin again" in answer.body) == (403, True)


def test_two_tabs_of_one_browser_both_finish(login: LoginHarness) -> None:
    """Two interactions of one browser do not disturb each other: the same user keeps one sid in both."""
    browser = login.browser()
    first = login.begin(browser, Demand.AUTHENTICATE, Demand.CONSENT)
    second = login.begin(browser, Demand.AUTHENTICATE)
    one, other = browser.copy(), browser.copy()
    one.get("/login", interaction=first)
    one.submit(PASSWORD_PATH, email=EMAIL, password=PASSWORD)
    other.cookies = one.cookies
    other.get("/login", interaction=second)
    assert other.submit(PASSWORD_PATH, email=EMAIL, password=PASSWORD).headers["location"].endswith(second)
    page = one.get("/login", interaction=first)
    assert "Allow The Application?" in page.body
    answer = one.submit(CONSENT_PATH, decision="allow")
    assert answer.headers["location"] == f"/oauth2/authorize?interaction={first}"


def test_another_user_in_another_tab_ends_the_first_tabs_way(login: LoginHarness) -> None:
    """A post of the first user's page is refused once another user signed in, and writes no mark."""
    login.add_user(OTHER_EMAIL, OTHER_PASSWORD)
    browser = login.browser()
    interaction = login.begin(browser, Demand.AUTHENTICATE, Demand.CONSENT)
    one = browser.copy()
    one.get("/login", interaction=interaction)
    one.follow(one.submit(PASSWORD_PATH, email=EMAIL, password=PASSWORD))
    other = one.copy()
    other.get("/login", again="1")
    other.submit(PASSWORD_PATH, email=OTHER_EMAIL, password=OTHER_PASSWORD)
    one.cookies = other.cookies
    answer = one.submit(CONSENT_PATH, decision="allow")
    assert (answer.status, f'href="/login?interaction={interaction}"' in answer.body) == (403, True)
    assert login.interaction(interaction).consented is None
    assert login.stores.consents.stored == {}
    assert one.get("/login", interaction=interaction).status == 200
    assert PASSWORD_PATH in one.forms


def test_another_account_signs_in_for_the_same_request(login: LoginHarness) -> None:
    """The link on the consent page shows the sign-in page, and the other user's session takes the interaction over."""
    login.add_user(OTHER_EMAIL, OTHER_PASSWORD)
    browser = login.browser()
    interaction = login.begin(browser, Demand.AUTHENTICATE, Demand.CONSENT)
    browser.get("/login", interaction=interaction)
    page = browser.follow(browser.submit(PASSWORD_PATH, email=EMAIL, password=PASSWORD))
    assert f'href="/login?interaction={interaction}&amp;again=1"' in page.body
    assert browser.get("/login", interaction=interaction, again="1").status == 200
    page = browser.follow(browser.submit(PASSWORD_PATH, email=OTHER_EMAIL, password=OTHER_PASSWORD))
    assert OTHER_EMAIL in page.body.replace("<wbr>", "")
    session = login.session_of(browser)
    assert session is not None
    assert login.interaction(interaction).session_id == session.session_id


def test_a_client_that_was_removed_gets_no_page(login: LoginHarness) -> None:
    """An interaction of a client whose registration is gone ends with a page."""
    browser = login.browser()
    interaction = login.begin(browser)
    login.clients.remove(CLIENT_ID)
    assert browser.get("/login", interaction=interaction).status == 400


def test_a_page_changes_nothing(login: LoginHarness) -> None:
    """GET /login writes nothing, whatever the interaction waits for."""
    browser = login.signed_in()
    session = login.session_of(browser)
    assert session is not None
    for demands in ({Demand.AUTHENTICATE}, {Demand.CONSENT}, {Demand.RECORDED_CONSENT}, {Demand.CONFIRM}):
        interaction = login.begin(browser, *demands, session_id=session.session_id)
        before = login.items()
        assert browser.get("/login", interaction=interaction).status == 200
        assert login.items() == before


def test_a_parameter_that_is_there_twice_is_refused(login: LoginHarness) -> None:
    """R20: two interactions in one query or form are refused."""
    browser = login.browser()
    interaction = login.begin(browser)
    query = f"interaction={interaction}&interaction={interaction}"
    assert browser.send_raw(http_api_event("GET", "/login", query=query)).status == 400
    assert browser.send_raw(form_event(PASSWORD_PATH, query.encode())).status == 400
