"""Sign-in through the pages: for an interaction, and for the account page."""

from __future__ import annotations

from dataclasses import replace

import pytest

from keyturn.domain.interactions.interaction import Demand
from keyturn.domain.revocations.revocation import TargetKind
from keyturn.domain.users.authority import Status
from tests.fakes.login_harness import (
    CLIENT_ID,
    EMAIL,
    OTHER_EMAIL,
    OTHER_PASSWORD,
    PASSWORD,
    LoginBrowser,
    LoginHarness,
)

PASSWORD_PATH = "/login/password"
SESSION = "__Host-keyturn-session"
DEVICE = "__Host-keyturn-device"


def test_a_sign_in_for_an_interaction_ends_at_the_issuer(login: LoginHarness) -> None:
    """Email address and password lead from the page of an interaction to one redirect to the issuer."""
    browser = login.browser()
    interaction = login.begin(browser)
    page = browser.get("/login", interaction=interaction)
    assert (page.status, "The Application" in page.body) == (200, True)
    answer = browser.submit(PASSWORD_PATH, email=EMAIL, password=PASSWORD)
    assert (answer.status, answer.headers["location"]) == (303, f"/oauth2/authorize?interaction={interaction}")
    session = login.session_of(browser)
    assert session is not None
    assert (session.subject, session.device) == (login.subject, "Firefox on Windows")
    marked = login.interaction(interaction)
    assert (marked.session_id, marked.authenticated_at) == (session.session_id, session.auth_time)


def test_a_sign_in_without_an_interaction_ends_at_the_account(login: LoginHarness) -> None:
    """The sign-in page without an interaction leads to the account page, also for a new browser without cookies."""
    browser = LoginBrowser(login, {})
    assert browser.get("/login").status == 200
    answer = browser.submit(PASSWORD_PATH, email=EMAIL, password=PASSWORD)
    assert (answer.status, answer.headers["location"]) == (303, "/account")
    assert browser.follow(answer).status == 200


def test_the_cookies_of_a_sign_in_are_out_of_reach(login: LoginHarness) -> None:
    """Session and device cookies are for this host alone, by TLS alone, and unreadable to scripts."""
    browser = login.browser()
    browser.get("/login")
    answer = browser.submit(PASSWORD_PATH, email=EMAIL, password=PASSWORD)
    session, device = answer.cookies
    assert session.startswith(f"{SESSION}=")
    assert device.startswith(f"{DEVICE}=")
    for cookie in answer.cookies:
        assert "; Path=/; HttpOnly; SameSite=Lax; Secure" in cookie
    assert "Max-Age" not in session
    assert device.endswith("; Max-Age=34560000")


def test_a_plain_loopback_issuer_has_plain_cookie_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without TLS the cookies lack the prefix and Secure, which Safari refuses there."""
    login = LoginHarness(monkeypatch, ISSUER="http://localhost:8080", AWS_ENDPOINT_URL="http://localhost:4566")
    browser = LoginBrowser(login, {})
    browser.get("/login")
    answer = browser.submit(PASSWORD_PATH, email=EMAIL, password=PASSWORD)
    assert answer.status == 303
    assert all(cookie.startswith("keyturn-") and "Secure" not in cookie for cookie in answer.cookies)


@pytest.mark.parametrize(
    ("email", "password"),
    [(EMAIL, "wrong"), ("nobody@example.org", PASSWORD), ("no address", PASSWORD), (EMAIL, PASSWORD + " ")],
)
def test_wrong_credentials_get_one_page(login: LoginHarness, email: str, password: str) -> None:
    """R64: A wrong password and an unknown address get the same page with 401, and no session."""
    browser = login.browser()
    before = login.items()
    browser.get("/login")
    answer = browser.submit(PASSWORD_PATH, email=email, password=password)
    assert answer.status == 401
    assert "The email address or the password is wrong." in answer.body
    assert (answer.cookies, login.items()) == ((), before)
    assert "www-authenticate" not in answer.headers


@pytest.mark.parametrize("status", [Status.DISABLED, Status.ERASED, None])
def test_a_user_who_may_not_sign_in_gets_the_same_page(login: LoginHarness, status: Status | None) -> None:
    """R64: A disabled or erased user, and one without an authority, get the answer of a wrong password."""
    stored = login.stores.authorities.stored
    if status is None:
        del stored[login.subject]
    else:
        stored[login.subject] = replace(stored[login.subject], status=status)
    browser = login.browser()
    browser.get("/login")
    answer = browser.submit(PASSWORD_PATH, email=EMAIL, password=PASSWORD)
    assert (answer.status, answer.cookies) == (401, ())
    assert "The email address or the password is wrong." in answer.body


def test_a_refused_form_shows_the_email_address_again_and_no_password(login: LoginHarness) -> None:
    """The page after a wrong password has the address that the same person typed, escaped, and never the password."""
    browser = login.browser()
    browser.get("/login")
    answer = browser.submit(PASSWORD_PATH, email='"><script>x@example.org', password="wr<b>ong-password")
    assert "&#34;&gt;&lt;script&gt;x@example.org" in answer.body
    assert "ong-password" not in answer.body


@pytest.mark.parametrize(
    ("fields", "message"),
    [({"email": EMAIL}, "Enter your password."), ({"password": PASSWORD}, "Enter your email address.")],
)
def test_an_empty_field_is_asked_for(login: LoginHarness, fields: dict[str, str], message: str) -> None:
    """A form without an address or a password is answered with 400 and the field's error, before any count."""
    browser = login.browser()
    browser.get("/login")
    answer = browser.submit(PASSWORD_PATH, **fields)
    assert (answer.status, message in answer.body) == (400, True)
    assert login.stores.attempts.calls == []


def test_too_many_attempts_get_429_with_the_time_to_wait(login: LoginHarness) -> None:
    """Beyond the account's bucket the page says how many minutes are left, and no password is compared."""
    browser = login.browser()
    browser.get("/login")
    for _ in range(10):
        assert browser.submit(PASSWORD_PATH, email=EMAIL, password="wrong").status == 401
    compared = login.stores.pepper.calls.count("mac")
    answer = browser.submit(PASSWORD_PATH, email=EMAIL, password=PASSWORD)
    assert (answer.status, answer.cookies) == (429, ())
    assert 0 < int(answer.headers["retry-after"]) <= 900
    assert "Too many attempts. Wait" in answer.body
    assert login.stores.pepper.calls.count("mac") == compared


def test_a_form_of_another_browser_is_refused(login: LoginHarness) -> None:
    """R37: a form without this browser's token counts as no attempt, and the page is shown afresh."""
    attacker, victim = login.browser(), login.browser()
    attacker.get("/login")
    answer = victim.post(PASSWORD_PATH, **attacker.forms[PASSWORD_PATH], email=EMAIL, password=PASSWORD)
    assert (answer.status, answer.cookies) == (403, ())
    assert EMAIL not in answer.body
    assert login.stores.attempts.calls == []
    assert victim.submit(PASSWORD_PATH, email=EMAIL, password=PASSWORD).status == 303


def test_a_browser_without_cookies_gets_one_with_the_refusal(login: LoginHarness) -> None:
    """A browser that lost its cookie is refused once, and its next form works."""
    browser = login.browser()
    browser.get("/login")
    browser.cookies.clear()
    answer = browser.submit(PASSWORD_PATH, email=EMAIL, password=PASSWORD)
    assert (answer.status, len(answer.cookies)) == (403, 1)
    assert browser.submit(PASSWORD_PATH, email=EMAIL, password=PASSWORD).status == 303


def test_the_same_user_keeps_the_sid_and_gets_a_new_cookie(login: LoginHarness) -> None:
    """Signing in again replaces the session: the sid goes on, the old cookie is worth nothing."""
    browser = login.signed_in()
    before, old_cookie = login.session_of(browser), browser.cookies[SESSION]
    browser.get("/login", again="1")
    assert browser.submit(PASSWORD_PATH, email=EMAIL, password=PASSWORD).status == 303
    after = login.session_of(browser)
    assert before is not None
    assert after is not None
    assert (after.session_id, browser.cookies[SESSION] != old_cookie) == (before.session_id, True)
    assert list(login.stores.sessions.stored) == [after.key_hash]


def test_another_user_ends_the_session_of_the_first(login: LoginHarness) -> None:
    """Another user's sign-in in the same browser deletes the first session, and revokes its sid if it gave a code."""
    login.add_user(OTHER_EMAIL, OTHER_PASSWORD)
    browser = login.signed_in()
    first = login.session_of(browser)
    assert first is not None
    login.stores.sessions.touch(first, now=login.now, gave_code=True)
    browser.get("/login", again="1")
    assert browser.submit(PASSWORD_PATH, email=OTHER_EMAIL, password=OTHER_PASSWORD).status == 303
    second = login.session_of(browser)
    assert second is not None
    assert second.session_id != first.session_id
    assert list(login.stores.sessions.stored) == [second.key_hash]
    [(revocation, _, _)] = login.revocations.writes
    assert (revocation.target.kind, revocation.target.identifier) == (TargetKind.SESSION, first.session_id)


def test_a_signed_in_browser_sees_no_sign_in_page(login: LoginHarness) -> None:
    """The sign-in page of the account leads on to it where a session is live."""
    browser = login.signed_in()
    answer = browser.get("/login")
    assert (answer.status, answer.headers["location"]) == (303, "/account")


@pytest.mark.parametrize(
    ("hint", "shown"),
    [("ada@example.org", "ada@example.org"), ("ada", ""), ("a@b\r\nc", ""), ("a@" + "b" * 300, "")],
)
def test_a_login_hint_fills_the_field_where_it_is_an_address(login: LoginHarness, hint: str, shown: str) -> None:
    """The client's login_hint fills the email field if it can be an address (OIDC Core §3.1.2.1)."""
    browser = login.browser()
    page = browser.get("/login", interaction=login.begin(browser, request={"login_hint": hint}))
    assert f'name="email" type="text" value="{shown}"' in page.body


def test_the_name_on_the_page_is_the_registered_one(login: LoginHarness) -> None:
    """No text of the request is shown as the client's name."""
    browser = login.browser()
    request = {"client_name": "Evil", "client_id": CLIENT_ID, "redirect_uri": "https://evil.example/"}
    page = browser.get("/login", interaction=login.begin(browser, request=request))
    assert "The Application" in page.body
    assert "vil" not in page.body


def test_a_known_browser_signs_in_while_the_account_is_under_attack(login: LoginHarness) -> None:
    """Sign-ins far beyond the account's bucket from many addresses stop no browser that the user has used before."""
    mine = login.signed_in()
    mine.cookies.pop(SESSION)
    attacker = login.browser()
    attacker.get("/login")
    for _ in range(30):
        attacker.submit(PASSWORD_PATH, email=EMAIL, password="guess")
    assert attacker.submit(PASSWORD_PATH, email=EMAIL, password=PASSWORD).status == 429
    mine.get("/login")
    assert mine.submit(PASSWORD_PATH, email=EMAIL, password=PASSWORD).status == 303


def test_two_users_share_a_browser(login: LoginHarness) -> None:
    """A device cookie that knows one user says nothing about another, and stays the same value."""
    login.add_user(OTHER_EMAIL, OTHER_PASSWORD)
    browser = login.signed_in()
    device = browser.cookies[DEVICE]
    browser.get("/login", again="1")
    browser.submit(PASSWORD_PATH, email=OTHER_EMAIL, password=OTHER_PASSWORD)
    assert browser.cookies[DEVICE] == device
    assert len(login.stores.known_browsers.stored) == 2


def test_a_demand_of_consent_leads_to_the_next_page(login: LoginHarness) -> None:
    """After a sign-in the next missing page comes, not the issuer."""
    browser = login.browser()
    interaction = login.begin(browser, Demand.AUTHENTICATE, Demand.CONSENT)
    browser.get("/login", interaction=interaction)
    answer = browser.submit(PASSWORD_PATH, email=EMAIL, password=PASSWORD)
    assert answer.headers["location"] == f"/login?interaction={interaction}"
    assert "Allow The Application?" in browser.follow(answer).body
