"""RP-initiated logout (OpenID Connect RP-Initiated Logout 1.0)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from keyturn.domain.sessions.session import Session
from tests.fakes.login_harness import (
    CLIENT_ID,
    EMAIL,
    OTHER_EMAIL,
    OTHER_PASSWORD,
    LoginBrowser,
    LoginHarness,
    login_client,
)
from tests.fakes.token_factory import ABSENT, NOW, make_token, signing_key, unsigned

PATH = "/oauth2/logout"
BYE = "https://app.example/bye"
SESSION = "__Host-keyturn-session"


@pytest.fixture
def login(monkeypatch: pytest.MonkeyPatch) -> LoginHarness:
    """Return a login with a client that has registered a URI for after the logout, and another client."""
    harness = LoginHarness(monkeypatch)
    harness.clients.remove(CLIENT_ID)
    harness.clients.add(login_client(post_logout_redirect_uris=(BYE, f"{BYE}?from=keyturn")))
    harness.clients.add(login_client("other"))
    return harness


@pytest.fixture
def browser(login: LoginHarness) -> LoginBrowser:
    """Return a browser whose session gave a code."""
    signed_in = login.signed_in()
    login.stores.sessions.touch(session_of(login, signed_in), now=login.now, gave_code=True)
    return signed_in


def session_of(login: LoginHarness, browser: LoginBrowser) -> Session:
    """Return the browser's stored session."""
    session = login.session_of(browser)
    assert session is not None
    return session


def hint(session: Session, **changes: Any) -> str:
    """Return an ID token of the session's user for the client, with changes; expired as most hints are."""
    return make_token(claims=id_claims(session) | changes, header={"typ": "JWT"})


def id_claims(session: Session) -> dict[str, Any]:
    """Return the claims of an ID token that expired an hour ago."""
    return {
        "sub": session.subject,
        "aud": CLIENT_ID,
        "sid": session.session_id,
        "iat": NOW - 7200,
        "exp": NOW - 3600,
        "auth_time": session.auth_time,
        "client_id": ABSENT,
        "jti": ABSENT,
        "scope": ABSENT,
    }


def test_a_hint_of_this_session_needs_no_page(login: LoginHarness, browser: LoginBrowser) -> None:
    """§2: a hint whose sub and sid are this browser's ends the session and returns to the client with its state."""
    session = session_of(login, browser)
    answer = browser.get(PATH, id_token_hint=hint(session), post_logout_redirect_uri=BYE, state="a&b=c")
    target = urlsplit(answer.headers["location"])
    assert (answer.status, f"{target.scheme}://{target.netloc}{target.path}") == (303, BYE)
    assert parse_qsl(target.query) == [("state", "a&b=c")]
    assert (login.stores.sessions.stored, SESSION in browser.cookies) == ({}, False)
    [(revocation, reason, actor)] = login.revocations.writes
    assert (revocation.target.key, reason, actor) == (f"sid#{session.session_id}", "logout", session.subject)


def test_the_state_joins_the_query_of_a_registered_uri(login: LoginHarness, browser: LoginBrowser) -> None:
    """§3: the state is appended to a redirect URI that has a query of its own."""
    uri = f"{BYE}?from=keyturn"
    answer = browser.get(PATH, id_token_hint=hint(session_of(login, browser)), post_logout_redirect_uri=uri, state="s")
    assert answer.headers["location"] == f"{uri}&state=s"


def test_without_a_redirect_uri_a_page_says_signed_out(login: LoginHarness, browser: LoginBrowser) -> None:
    """oidcc-rp-initiated-logout-no-post-logout-redirect-uri: the user stays here, signed out."""
    answer = browser.get(PATH, id_token_hint=hint(session_of(login, browser)), state="s")
    assert (answer.status, "You are signed out" in answer.body) == (200, True)
    assert login.stores.sessions.stored == {}


@pytest.mark.parametrize(
    "uri", [f"{BYE}?x=1", f"{BYE}/", "https://app.example/by", "http://app.example/bye", "javascript:alert(1)"]
)
def test_an_unregistered_redirect_uri_gets_a_page(login: LoginHarness, browser: LoginBrowser, uri: str) -> None:
    """§3: a URI that is off by one character is no redirect, and the session goes on."""
    before = login.items()
    answer = browser.get(PATH, id_token_hint=hint(session_of(login, browser)), post_logout_redirect_uri=uri)
    assert (answer.status, "location" in answer.headers) == (400, False)
    assert uri not in answer.body
    assert login.items() == before


def test_a_uri_of_another_client_gets_a_page(login: LoginHarness, browser: LoginBrowser) -> None:
    """A URI is valid for the client that registered it alone."""
    token = hint(session_of(login, browser), aud="other")
    assert browser.get(PATH, id_token_hint=token, post_logout_redirect_uri=BYE).status == 400
    assert browser.get(PATH, client_id="nobody", post_logout_redirect_uri=BYE).status == 400


BAD_HINTS: dict[str, Callable[[Session], str]] = {
    "unsigned": lambda session: unsigned({"alg": "none", "typ": "JWT", "kid": "k"}),
    "foreign key": lambda session: make_token(
        key=signing_key(name="thief"), claims=id_claims(session), header={"typ": "JWT", "kid": signing_key().kid}
    ),
    "modified": lambda session: hint(session)[:-8] + "A" * 8,
    "access token": lambda session: make_token(claims=id_claims(session)),
    "foreign issuer": lambda session: hint(session, iss="https://evil.example"),
    "foreign client": lambda session: hint(session, aud="other"),
    "another user": lambda session: hint(session, sub="u_" + "B" * 22),
    "another session": lambda session: hint(session, sid="another"),
    "no session": lambda session: hint(session, sid=ABSENT),
    "no token": lambda session: "x.y.z",
    "blank": lambda session: " ",
}


@pytest.mark.parametrize("name", BAD_HINTS)
def test_a_hint_that_proves_nothing_gets_a_page_that_asks(
    login: LoginHarness, browser: LoginBrowser, name: str
) -> None:
    """§2: an unreadable or foreign hint ends nothing; after the user's word the registered URI is followed."""
    session = session_of(login, browser)
    before = login.items()
    answer = browser.get(
        PATH,
        id_token_hint=BAD_HINTS[name](session),
        client_id=CLIENT_ID,
        post_logout_redirect_uri=BYE,
        state="s",
    )
    assert (answer.status, EMAIL in answer.body.replace("<wbr>", ""), "The Application" in answer.body) == (
        200,
        True,
        True,
    )
    assert login.items() == before
    answer = browser.submit(PATH, decision="sign_out")
    assert (answer.status, answer.headers["location"]) == (303, f"{BYE}?state=s")
    assert login.stores.sessions.stored == {}


def test_no_parameters_get_a_page_that_asks(login: LoginHarness, browser: LoginBrowser) -> None:
    """oidcc-rp-initiated-logout-no-params: the user is asked, and stays here afterwards."""
    assert "Sign out?" in browser.get(PATH).body
    answer = browser.submit(PATH, decision="sign_out")
    assert (answer.status, "You are signed out" in answer.body) == (200, True)
    assert login.stores.sessions.stored == {}


def test_only_a_state_gets_a_page_that_asks(browser: LoginBrowser) -> None:
    """oidcc-rp-initiated-logout-only-state: a state alone leads nowhere."""
    assert "Sign out?" in browser.get(PATH, state="s").body
    assert browser.submit(PATH, decision="sign_out").status == 200


def test_a_hint_for_another_client_than_the_parameter_is_foreign(login: LoginHarness, browser: LoginBrowser) -> None:
    """§2: a hint whose audience is another client than client_id counts as foreign."""
    login.clients.remove("other")
    login.clients.add(login_client("other", post_logout_redirect_uris=(BYE,)))
    answer = browser.get(
        PATH, id_token_hint=hint(session_of(login, browser)), client_id="other", post_logout_redirect_uri=BYE
    )
    assert (answer.status, "Sign out?" in answer.body) == (200, True)


def test_a_user_who_stays_is_still_signed_in(login: LoginHarness, browser: LoginBrowser) -> None:
    """The other button ends nothing and redirects nowhere."""
    browser.get(PATH, client_id=CLIENT_ID, post_logout_redirect_uri=BYE)
    before = login.items()
    answer = browser.submit(PATH, decision="stay")
    assert (answer.status, "You are still signed in" in answer.body) == (200, True)
    assert login.items() == before


def test_a_form_of_another_site_ends_nothing(login: LoginHarness, browser: LoginBrowser) -> None:
    """A forged confirmation is refused: the guard of the form is the session's."""
    before = login.items()
    answer = browser.post(PATH, csrf_token="x", decision="sign_out")
    assert answer.status == 403
    assert login.items() == before


def test_any_other_decision_is_refused(login: LoginHarness, browser: LoginBrowser) -> None:
    """An unknown decision changes nothing."""
    browser.get(PATH)
    assert browser.submit(PATH, decision="maybe").status == 400
    assert login.session_of(browser) is not None


def test_the_account_page_signs_out_at_once(login: LoginHarness, browser: LoginBrowser) -> None:
    """The button of the account page needs no second question."""
    browser.get("/account")
    assert browser.submit(PATH).status == 200
    assert login.stores.sessions.stored == {}


def test_a_post_of_a_client_works_like_a_get(login: LoginHarness, browser: LoginBrowser) -> None:
    """§2: a client may use POST; the browser brings no Lax cookie with it, so that a GET follows."""
    token = hint(session_of(login, browser))
    stranger = LoginBrowser(login, {})
    answer = stranger.post(PATH, id_token_hint=token, post_logout_redirect_uri=BYE, state="s")
    assert (answer.status, answer.cookies) == (303, ())
    assert browser.follow(answer).headers["location"] == f"{BYE}?state=s"


def test_a_post_of_a_client_on_the_same_site_works_at_once(login: LoginHarness, browser: LoginBrowser) -> None:
    """Where the cookie comes along no further redirect is needed."""
    answer = browser.post(PATH, id_token_hint=hint(session_of(login, browser)), post_logout_redirect_uri=BYE)
    assert answer.headers["location"] == BYE


def test_a_hint_that_fits_no_url_gets_a_page_that_asks(login: LoginHarness, browser: LoginBrowser) -> None:
    """A POST whose parameters exceed a URL leads to a GET without the hint."""
    answer = LoginBrowser(login, {}).post(PATH, id_token_hint="x" * 9000, client_id=CLIENT_ID)
    assert answer.headers["location"] == f"{PATH}?client_id={CLIENT_ID}"
    assert "Sign out?" in browser.follow(answer).body
    assert LoginBrowser(login, {}).post(PATH, state="x" * 9000).status == 400


def test_a_logout_may_be_repeated(login: LoginHarness, browser: LoginBrowser) -> None:
    """The second request of the same kind finds no session, and returns to the client like the first."""
    query = {"id_token_hint": hint(session_of(login, browser)), "post_logout_redirect_uri": BYE}
    cookies = dict(browser.cookies)
    assert browser.get(PATH, **query).headers["location"] == BYE
    assert browser.get(PATH, **query).headers["location"] == BYE
    assert LoginBrowser(login, cookies).get(PATH, **query).headers["location"] == BYE
    assert len(login.revocations.writes) == 1


def test_the_confirmation_may_be_sent_twice(login: LoginHarness, browser: LoginBrowser) -> None:
    """A double submit of the page returns to the client twice."""
    browser.get(PATH, client_id=CLIENT_ID, post_logout_redirect_uri=BYE)
    form = browser.forms[PATH]
    for _ in range(2):
        assert browser.post(PATH, **form, decision="sign_out").headers["location"] == BYE


def test_nobody_signed_in_and_no_hint_redirects_nowhere(login: LoginHarness) -> None:
    """Without session and hint the page says "signed out", and leads to no client."""
    answer = login.browser().get(PATH, client_id=CLIENT_ID, post_logout_redirect_uri=BYE)
    assert (answer.status, "You are signed out" in answer.body, answer.cookies) == (200, True, ())


def test_an_ended_session_and_no_hint_redirects_nowhere(login: LoginHarness, browser: LoginBrowser) -> None:
    """A cookie whose session has ended is cleared; without a hint the page leads to no client."""
    login.clock.seconds += 43_200
    answer = browser.get(PATH, client_id=CLIENT_ID, post_logout_redirect_uri=BYE)
    assert (answer.status, "You are signed out" in answer.body, SESSION in browser.cookies) == (200, True, False)


def test_a_logout_ends_this_session_alone(login: LoginHarness, browser: LoginBrowser) -> None:
    """Other browsers of the user, and other users, stay signed in."""
    login.add_user(OTHER_EMAIL, OTHER_PASSWORD)
    mine, theirs = login.signed_in(), login.signed_in(OTHER_EMAIL, OTHER_PASSWORD)
    browser.get(PATH, id_token_hint=hint(session_of(login, browser)))
    assert (mine.get("/account").status, theirs.get("/account").status) == (200, 200)


def test_a_session_without_a_code_writes_no_revocation(login: LoginHarness) -> None:
    """A loop of signing in and out fills no feed."""
    browser = login.signed_in()
    browser.get(PATH, id_token_hint=hint(session_of(login, browser)))
    assert (login.stores.sessions.stored, login.revocations.writes) == ({}, [])


def test_the_cookie_is_cleared_with_its_attributes(login: LoginHarness, browser: LoginBrowser) -> None:
    """The Set-Cookie that removes the session has the attributes of the one that set it."""
    answer = browser.get(PATH, id_token_hint=hint(session_of(login, browser)))
    assert answer.cookies == (f"{SESSION}=; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=0",)
