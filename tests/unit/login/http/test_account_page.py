"""The account page: profile, sessions, applications; ending and withdrawing them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from keyturn.domain.errors import StoreUnavailable
from keyturn.domain.revocations.revocation import Revocation, Target, TargetKind
from keyturn.domain.users.authority import Status
from keyturn.domain.users.consent import Consent
from tests.fakes.login_harness import (
    CLIENT_ID,
    EMAIL,
    OTHER_EMAIL,
    OTHER_PASSWORD,
    PASSWORD,
    LoginBrowser,
    LoginHarness,
)
from tests.fakes.token_factory import AUDIENCE

SESSIONS_PATH = "/account/sessions"
APPLICATIONS_PATH = "/account/applications"
SESSION = "__Host-keyturn-session"


@pytest.fixture
def browser(login: LoginHarness) -> LoginBrowser:
    """Return a signed-in browser that has seen its account page."""
    signed_in = login.signed_in()
    signed_in.get("/account")
    return signed_in


def allow(login: LoginHarness, client_id: str = CLIENT_ID) -> None:
    """Store a consent of the user."""
    login.stores.consents.stored[login.subject, client_id] = Consent(
        subject=login.subject,
        client_id=client_id,
        scope=frozenset({"openid", "orders:read"}),
        resource=AUDIENCE,
        at=login.now - 50,
    )


def sid_of(login: LoginHarness, browser: LoginBrowser) -> str:
    """Return the sid of a browser's session."""
    session = login.session_of(browser)
    assert session is not None
    return session.session_id


def test_the_page_shows_profile_sessions_and_applications(login: LoginHarness, browser: LoginBrowser) -> None:
    """The page has name and address, this browser's session with device and time, and what was allowed to whom."""
    allow(login)
    page = browser.get("/account")
    assert page.status == 200
    for text in ("Ada Lovelace", EMAIL, "Firefox on Windows", "This browser", "The Application", "orders:read"):
        assert text in page.body


def test_an_application_whose_registration_is_gone_is_shown_by_its_id(
    login: LoginHarness, browser: LoginBrowser
) -> None:
    """A consent for a client that was removed can still be seen and withdrawn."""
    allow(login, "removed-client")
    assert "removed-client" in browser.get("/account").body


def test_sessions_of_others_and_ended_ones_are_not_shown(login: LoginHarness, browser: LoginBrowser) -> None:
    """The list has the user's own live sessions alone."""
    login.add_user(OTHER_EMAIL, OTHER_PASSWORD)
    theirs = login.signed_in(OTHER_EMAIL, OTHER_PASSWORD)
    ended = login.signed_in()
    session = login.session_of(ended)
    assert session is not None
    login.stores.sessions.stored[session.key_hash] = replace(session, expires_at=login.now)
    page = browser.get("/account").body
    assert page.count("Signed in <time") == 1
    assert sid_of(login, theirs) not in page
    assert session.session_id not in page


@pytest.mark.parametrize("path", ["/account", "/account/password"])
def test_without_a_session_the_page_leads_to_the_sign_in(login: LoginHarness, path: str) -> None:
    """Nobody sees an account without a live session."""
    answer = login.browser().get(path)
    assert (answer.status, answer.headers["location"]) == (303, "/login")


@pytest.mark.parametrize("cause", ["cookie", "idle", "expired", "disabled", "deleted"])
def test_a_session_that_has_ended_shows_nothing(login: LoginHarness, browser: LoginBrowser, cause: str) -> None:
    """A foreign cookie, the idle end, the absolute end, a disabled user and a deleted session are all no session."""
    session = login.session_of(browser)
    assert session is not None
    if cause == "cookie":
        browser.cookies[SESSION] = "x" * 43
    elif cause == "idle":
        login.clock.seconds += session.idle_seconds
    elif cause == "expired":
        login.stores.sessions.stored[session.key_hash] = replace(session, expires_at=login.now)
    elif cause == "disabled":
        authority = login.stores.authorities.stored[login.subject]
        login.stores.authorities.stored[login.subject] = replace(authority, status=Status.DISABLED)
    else:
        login.stores.sessions.delete(session)
    assert browser.get("/account").headers["location"] == "/login"


@pytest.mark.parametrize(
    ("kind", "identifier", "cutoff", "status"),
    [
        (TargetKind.SESSION, "own", None, 303),
        (TargetKind.SESSION, "another", None, 200),
        (TargetKind.SUBJECT, "own", 0, 303),
        (TargetKind.SUBJECT, "own", -1, 200),
        (TargetKind.GLOBAL, "0", 0, 303),
        (TargetKind.GLOBAL, "0", -1, 200),
    ],
)
def test_a_revoked_session_shows_nothing(
    login: LoginHarness, browser: LoginBrowser, kind: TargetKind, identifier: str, cutoff: int | None, status: int
) -> None:
    """A revoked sid ends the session, and a cutoff of its user or of everything from the sign-in's second on."""
    session = login.session_of(browser)
    assert session is not None
    own = session.session_id if kind is TargetKind.SESSION else login.subject
    not_before = None if cutoff is None else session.auth_time + cutoff
    target = Target.of(kind, own if identifier == "own" else identifier)
    login.revocations.store(Revocation(target, not_before=not_before, expires_at=login.now + 10**6))
    assert browser.get("/account").status == status


def test_a_session_works_until_the_second_before_its_idle_end(login: LoginHarness, browser: LoginBrowser) -> None:
    """The idle limit is compared in code, on both sides of its boundary."""
    login.clock.seconds += 43_199
    assert browser.get("/account").status == 200
    login.clock.seconds += 1
    assert browser.get("/account").status == 303


def test_one_session_is_ended_and_its_sid_revoked(login: LoginHarness, browser: LoginBrowser) -> None:
    """Ending another session that gave a code revokes its sid and deletes it; this browser stays signed in."""
    other = login.signed_in()
    session = login.session_of(other)
    assert session is not None
    login.stores.sessions.touch(session, now=login.now, gave_code=True)
    answer = browser.submit(SESSIONS_PATH, session=session.session_id)
    assert (answer.status, answer.headers["location"]) == (303, "/account?done=session")
    assert "The session is ended." in browser.follow(answer).body
    assert other.get("/account").status == 303
    [(revocation, reason, actor)] = login.revocations.writes
    assert revocation.target.key == f"sid#{session.session_id}"
    assert (reason, actor) == ("session_ended", login.subject)


def test_the_own_session_is_ended_like_a_sign_out(login: LoginHarness, browser: LoginBrowser) -> None:
    """Ending this browser's session clears the cookie and leads to the sign-in page."""
    answer = browser.submit(SESSIONS_PATH, session=sid_of(login, browser))
    assert (answer.headers["location"], SESSION in browser.cookies) == ("/login", False)
    assert login.stores.sessions.stored == {}


def test_nobody_ends_sessions_of_others(login: LoginHarness, browser: LoginBrowser) -> None:
    """A sid of another user and an unknown one end nothing."""
    login.add_user(OTHER_EMAIL, OTHER_PASSWORD)
    theirs = login.signed_in(OTHER_EMAIL, OTHER_PASSWORD)
    before = login.items()
    for sid in (sid_of(login, theirs), "unknown"):
        assert browser.submit(SESSIONS_PATH, session=sid).status == 303
    assert login.items() == before


def test_all_sessions_end_and_this_browser_goes_on(login: LoginHarness, browser: LoginBrowser) -> None:
    """Signing out everywhere cuts off the subject, ends the other sessions, and gives this browser a new one."""
    other = login.signed_in()
    old_cookie = browser.cookies[SESSION]
    answer = browser.submit(SESSIONS_PATH, session="all")
    assert answer.headers["location"] == "/account?done=sessions"
    assert browser.cookies[SESSION] != old_cookie
    assert browser.follow(answer).status == 200
    assert other.get("/account").status == 303
    [(revocation, _, _)] = login.revocations.writes
    session = login.session_of(browser)
    assert session is not None
    assert revocation.not_before is not None
    assert (revocation.target.kind, session.auth_time > revocation.not_before) == (TargetKind.SUBJECT, True)


def test_all_sessions_end_after_an_old_sign_in_too(login: LoginHarness, browser: LoginBrowser) -> None:
    """Without a recent sign-in this browser has to sign in as well."""
    login.clock.seconds += 301
    answer = browser.submit(SESSIONS_PATH, session="all")
    assert (answer.headers["location"], SESSION in browser.cookies) == ("/login", False)
    assert login.stores.sessions.stored == {}


def test_a_user_who_spent_the_revocations_of_a_day_is_told_to_wait(login: LoginHarness, browser: LoginBrowser) -> None:
    """A user's own revocations have a bucket: beyond it signing out everywhere gets 429 and changes nothing."""
    for _ in range(20):
        assert browser.submit(SESSIONS_PATH, session="all").status == 303
        browser.get("/account")
    before = login.items()
    answer = browser.submit(SESSIONS_PATH, session="all")
    assert (answer.status, int(answer.headers["retry-after"]) > 0) == (429, True)
    assert login.items() == before


def test_withdrawing_ends_the_client_and_deletes_the_consent(login: LoginHarness, browser: LoginBrowser) -> None:
    """A withdrawal writes the cutoff of the user at the client, and the consent is gone."""
    allow(login)
    browser.get("/account")
    answer = browser.submit(APPLICATIONS_PATH, client_id=CLIENT_ID)
    assert answer.headers["location"] == "/account?done=access"
    assert "The access is withdrawn." in browser.follow(answer).body
    assert login.stores.consents.stored == {}
    [(revocation, reason, actor)] = login.revocations.writes
    assert revocation.target.key == f"pair#{login.subject}#{CLIENT_ID}"
    assert (revocation.not_before, reason, actor) == (login.now, "consent_withdrawn", login.subject)


def test_a_consent_that_is_given_meanwhile_can_be_withdrawn(login: LoginHarness, browser: LoginBrowser) -> None:
    """A consent that another tab gives during a withdrawal stays on the page: its grant lives."""
    allow(login)
    browser.get("/account")
    real = login.stores.consents.withdraw

    def race(subject: str, client_id: str, *, until: int) -> None:
        stored = login.stores.consents.stored[subject, client_id]
        login.stores.consents.stored[subject, client_id] = replace(stored, at=until + 1)
        real(subject, client_id, until=until)

    login.stores.consents.withdraw = race  # type: ignore[method-assign]
    assert browser.submit(APPLICATIONS_PATH, client_id=CLIENT_ID).status == 303
    assert "The Application" in browser.get("/account").body


def test_a_withdrawal_that_fails_half_way_can_be_repeated(login: LoginHarness, browser: LoginBrowser) -> None:
    """After a crash behind the cutoff the consent covers nothing, is still shown, and is withdrawn by the next try."""
    allow(login)
    browser.get("/account")
    login.stores.consents.plan("withdraw", StoreUnavailable("away"))
    assert browser.submit(APPLICATIONS_PATH, client_id=CLIENT_ID).status == 503
    assert len(login.revocations.writes) == 1
    assert "The Application" in browser.get("/account").body
    assert browser.submit(APPLICATIONS_PATH, client_id=CLIENT_ID).status == 303
    assert login.stores.consents.stored == {}


@pytest.mark.parametrize(("client_id", "status"), [("other", 303), ("u_" + "A" * 22, 400), ("a b", 400)])
def test_a_client_without_consent_is_not_withdrawn(
    login: LoginHarness, browser: LoginBrowser, client_id: str, status: int
) -> None:
    """A withdrawal for a client without a consent writes no revocation."""
    allow(login)
    browser.get("/account")
    assert browser.submit(APPLICATIONS_PATH, client_id=client_id).status == status
    assert login.revocations.writes == []


def test_withdrawals_beyond_the_bucket_change_nothing(login: LoginHarness, browser: LoginBrowser) -> None:
    """A user who allows and withdraws in a loop is stopped before the feed is full."""
    allow(login)
    browser.get("/account")
    for _ in range(20):
        assert browser.submit(APPLICATIONS_PATH, client_id=CLIENT_ID).status == 303
        allow(login)
    before = login.items()
    assert browser.submit(APPLICATIONS_PATH, client_id=CLIENT_ID).status == 429
    assert login.items() == before


@pytest.mark.parametrize("path", [SESSIONS_PATH, APPLICATIONS_PATH, "/account/password"])
def test_a_post_without_the_sessions_token_changes_nothing(
    login: LoginHarness, browser: LoginBrowser, path: str
) -> None:
    """A form of another site, or of another session, is refused with the way to load the page again."""
    allow(login)
    browser.get("/login", again="1")
    for token in ("", "x", browser.forms["/login/password"]["csrf_token"]):
        before = login.items()
        answer = browser.post(
            path,
            csrf_token=token,
            session="all",
            client_id=CLIENT_ID,
            current_password=PASSWORD,
            new_password="n" * 20,
            new_password_again="n" * 20,
        )
        assert (answer.status, 'href="/account"' in answer.body) == (403, True)
        assert login.items() == before


@pytest.mark.parametrize("path", [SESSIONS_PATH, APPLICATIONS_PATH, "/account/password"])
def test_a_post_without_a_session_leads_to_the_sign_in(login: LoginHarness, browser: LoginBrowser, path: str) -> None:
    """A form that was open while the session ended changes nothing."""
    token = browser.forms[SESSIONS_PATH]["csrf_token"]
    login.clock.seconds += 43_200
    before = login.items()
    answer = browser.post(path, csrf_token=token, session="all", client_id=CLIENT_ID)
    assert answer.headers["location"] == "/login"
    browser.cookies.pop(SESSION)
    answer = browser.post(path, csrf_token=token, session="all", client_id=CLIENT_ID)
    assert answer.headers["location"] == "/login"
    assert login.items() == before


def test_the_page_says_only_known_things_as_done(browser: LoginBrowser) -> None:
    """The word in the query chooses a known sentence, and is not shown itself."""
    page = browser.get("/account", done="<script>you-are-hacked")
    assert (page.status, "hacked" in page.body) == (200, False)
