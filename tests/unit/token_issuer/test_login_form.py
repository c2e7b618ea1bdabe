"""The form of a login: read if the browser that it was shown to posts it, and never otherwise (R37)."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.fakes.http_api_event import form_event, http_api_event
from tests.fakes.login_double import NEXT_PAGE, PAGE, USER
from tests.fakes.user_flow import AUTHORIZE, Browser, UserFlow, answer_of, authorization_request
from token_issuer.login import Authentication


@pytest.fixture
def flow(monkeypatch: pytest.MonkeyPatch) -> UserFlow:
    flow = UserFlow(monkeypatch)
    flow.user_login.user = None
    return flow


@pytest.fixture
def browser(flow: UserFlow) -> Browser:
    """Return a browser that the login's page was just shown to."""
    browser = Browser(flow)
    assert browser.open().body == PAGE.body
    return browser


def check_unread(flow: UserFlow) -> None:
    """Assert that the login was given nothing to read, and nothing was stored."""
    assert flow.user_login.read == []
    assert flow.grants.stored == {}


def test_the_browser_that_was_shown_the_form_posts_it(flow: UserFlow, browser: Browser) -> None:
    """R36, R37: the login reads it, the request goes on as it came, and the browser follows with a GET."""
    answer = browser.post()
    told = answer_of(answer)
    assert (set(told), told["state"]) == ({"code", "state"}, "s&t=1")
    [read] = flow.user_login.read
    assert read.get("password") == "of the user"
    [grant] = flow.grants.stored.values()
    assert (grant.subject, grant.nonce) == (USER.subject, "n-1")
    assert flow.redeem(told["code"]).status == 200


def test_the_cookie_is_this_hosts_alone_and_no_other_site_sends_it(flow: UserFlow) -> None:
    """R37: out of reach of scripts, other hosts, plain HTTP and forms of other sites; the token is not in it."""
    browser = Browser(flow)
    [cookie] = browser.open().cookies
    name, _, rest = cookie.partition("=")
    value, *attributes = rest.split("; ")
    assert name == "__Host-keyturn-browser"
    assert sorted(attributes) == ["HttpOnly", "Path=/", "SameSite=Lax", "Secure"]
    assert len(value) == 43
    assert value not in browser.fields.values()


def test_an_issuer_on_loopback_has_no_tls_to_ask_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """R37: a browser drops a cookie that asks for TLS where there is none, and the prefix with it."""
    flow = UserFlow(monkeypatch, ISSUER="http://localhost:8080")
    flow.user_login.user = None
    [cookie] = Browser(flow).open().cookies
    assert cookie.startswith("keyturn-browser=")
    assert "Secure" not in cookie


def test_another_site_that_posts_the_form_is_not_read(flow: UserFlow, browser: Browser) -> None:
    """R37: the attacker has a form of its own, with a token of its own browser; the victim's browser posts it."""
    attacker = Browser(flow)
    attacker.open()
    answer = browser.post(csrf_token=attacker.fields["csrf_token"])
    assert (answer.status, answer.body) == (403, PAGE.body)
    check_unread(flow)


def test_a_browser_without_its_cookie_is_not_read(flow: UserFlow, browser: Browser) -> None:
    """R37: SameSite keeps the cookie from another site's form: the page is shown again, with a cookie of its own."""
    browser.cookies.clear()
    answer = browser.post()
    assert (answer.status, len(answer.cookies)) == (403, 1)
    check_unread(flow)
    assert flow.user_login.forms[-1].notice is not None
    assert "code" in answer_of(browser.post())


@pytest.mark.parametrize("token", ["", "x", "é", None])
def test_a_form_without_its_token_is_not_read(flow: UserFlow, browser: Browser, token: str | None) -> None:
    """R37: a wrong token is refused; without one it is an authorization request, whatever else it has."""
    answer = browser.post(csrf_token=token)
    assert answer.status == (403 if token else 200)
    check_unread(flow)


def test_a_token_counts_to_its_last_character(flow: UserFlow, browser: Browser) -> None:
    """R37: a part of the token, or one that differs in its end, is no token."""
    token = browser.fields["csrf_token"]
    for wrong in (token[:-1], token[:-1] + "~", token + "A"):
        assert browser.post(csrf_token=wrong).status == 403
    check_unread(flow)


def test_a_token_in_the_query_counts_for_nothing(flow: UserFlow, browser: Browser) -> None:
    """R37: a link can carry no credentials: only what was posted is a form."""
    query = f"csrf_token={browser.fields['csrf_token']}&password=x"
    event = http_api_event("GET", AUTHORIZE, query=query)
    flow.send(event | {"cookies": [f"{name}={value}" for name, value in browser.cookies.items()]})
    browser.open(csrf_token=browser.fields["csrf_token"], password="x")
    check_unread(flow)


@pytest.mark.parametrize("prompt", ["none"])
def test_where_no_page_may_be_shown_no_form_is_read(flow: UserFlow, browser: Browser, prompt: str) -> None:
    """R37, OIDC Core §3.1.2.1: prompt=none has no page, and so no form of it."""
    assert answer_of(browser.post(prompt=prompt))["error"] == "login_required"
    check_unread(flow)


@pytest.mark.parametrize(
    "cookies",
    [
        *(["{}", "{}"], ["{}x"], ["{}; other=1"], ["other={1}"]),
        *(["keyturn-browser={1}"], ["__host-keyturn-browser={1}"], ["__Host-keyturn-browserx={1}"]),
    ],
)
def test_a_cookie_that_is_not_ours_is_none(flow: UserFlow, browser: Browser, cookies: list[str]) -> None:
    """R37: twice, of another form, or under a name that any neighbour could set: the form is not read."""
    [(name, value)] = browser.cookies.items()
    sent = [each.format(f"{name}={value}", value) for each in cookies]
    assert flow.send(form_event(AUTHORIZE, browser.fields) | {"cookies": sent}).status == 403
    check_unread(flow)


@pytest.mark.parametrize("value", ["", "x", "a" * 42, "a" * 44, "a" * 42 + "."])
def test_a_secret_that_was_not_made_here_is_replaced(flow: UserFlow, value: str) -> None:
    """R37: what anybody could guess, and no release of ours wrote, proves no browser: it gets a cookie of its own."""
    browser = Browser(flow)
    browser.cookies["__Host-keyturn-browser"] = value
    assert len(browser.open().cookies) == 1
    assert "code" in answer_of(browser.post())


def test_two_pages_of_one_browser_are_both_good(flow: UserFlow, browser: Browser) -> None:
    """R37: a second tab leaves the first one as it is: the cookie is set once."""
    first = dict(browser.fields)
    assert browser.open(state="second").cookies == ()
    assert answer_of(browser.post())["state"] == "second"
    browser.fields = first
    assert answer_of(browser.post())["state"] == "s&t=1"


def test_no_cache_has_a_page(flow: UserFlow, browser: Browser) -> None:
    """R36, R37: whatever a login says of its pages, none is stored: the next browser would get this one's cookie."""
    flow.user_login.page = PAGE.with_headers({"cache-control": "public, max-age=60"})
    flow.user_login.answer = NEXT_PAGE
    answers = [browser.open(), browser.post(), browser.post(csrf_token="x")]
    assert [(each.status, each.headers["cache-control"]) for each in answers] == [
        (status, "no-store") for status in (200, 401, 403)
    ]


def test_a_login_of_several_pages(flow: UserFlow, browser: Browser) -> None:
    """R37: the page after a wrong password carries the same on, and no code is given for it."""
    flow.user_login.answer = NEXT_PAGE
    answer = browser.post()
    assert (answer.status, answer.body, flow.grants.stored) == (401, NEXT_PAGE.body, {})
    assert authorization_request() == {name: each for name, each in browser.fields.items() if name != "csrf_token"}
    flow.user_login.answer = USER
    assert "code" in answer_of(browser.post())


def test_the_cookies_of_a_login_reach_the_browser(flow: UserFlow, browser: Browser) -> None:
    """R36: its session is set with the answer that has the code."""
    flow.user_login.answer = replace(USER, cookies=("session=1; Path=/", "seen=1"))
    assert browser.post().cookies == ("session=1; Path=/", "seen=1")


def test_the_cookies_of_a_page_reach_the_browser(flow: UserFlow) -> None:
    """R37: what the login sets with its page goes beside the cookie of the form, and neither takes another's place."""
    flow.user_login.page = PAGE._replace(cookies=("seen=1", "step=2"))
    browser = Browser(flow)
    assert [each.partition("=")[0] for each in browser.open().cookies] == ["seen", "step", "__Host-keyturn-browser"]
    assert browser.open().cookies == ("seen=1", "step=2")


def test_a_login_that_does_not_suffice_is_an_error_for_the_client(flow: UserFlow, browser: Browser) -> None:
    """OIDC Core §3.1.2.6: an authentication older than a cut, or than max_age, is login_required, not a circle."""
    flow.user_login.answer = replace(USER, auth_time=USER.auth_time - 500)
    assert answer_of(browser.post(max_age="100"))["error"] == "login_required"
    assert flow.grants.stored == {}


def test_what_is_posted_is_not_logged(flow: UserFlow, browser: Browser, capsys: pytest.CaptureFixture[str]) -> None:
    """R66: neither token nor cookie nor what the user wrote is in a line; a foreign form is."""
    capsys.readouterr()
    browser.post()
    cookies = dict(browser.cookies)
    browser.cookies.clear()
    browser.post()
    lines = capsys.readouterr().out
    for secret in (*cookies.values(), browser.fields["csrf_token"], "of the user"):
        assert secret not in lines
    assert json.loads(lines.splitlines()[-1])["detail"] == "the form was not shown to this browser"


@pytest.mark.parametrize("subject", ["web", "u_", "u_short", "u_" + "a" * 65, "u_" + "a" * 30 + "\n", "U_" + "a" * 32])
def test_a_subject_that_a_client_could_have_is_refused(subject: str) -> None:
    """R17: no login can name a user like a client; RFC 9700 §4.15."""
    with pytest.raises(ValueError, match="u_ and 22 to 64"):
        Authentication(subject=subject, auth_time=0)


@pytest.mark.parametrize(
    "claims",
    [
        {"tenant": 1.5},
        {"tenant": None},
        {"groups": [None]},
        {"groups": []},
        {"groups": ("a",)},
        {"tenant": {"x": None}},
        {"tenant": 2**53},
        {"tenant": "\ud800"},
        {"two words": "a"},
        {"sub": "web"},
        {"client_id": "web"},
    ],
)
def test_claims_that_a_grant_would_not_keep_are_refused(claims: dict[str, object]) -> None:
    """R17, R28: a login says of a user what a client could be registered with; nothing is rounded or dropped."""
    with pytest.raises(ValueError, match=r"^a claim's name|^the claim "):
        replace(USER, claims=claims)


@pytest.mark.parametrize("session_id", ["", "s" * 257, "s\n", "\ud800"])
def test_a_session_id_that_no_token_can_have_is_refused(session_id: str) -> None:
    """R46, R49: a token with it would be none to our own verifier, and so could not be revoked by its client."""
    with pytest.raises(ValueError, match="1 to 256 printable"):
        replace(USER, session_id=session_id)
    assert replace(USER, session_id="s" * 256).session_id == "s" * 256


def test_claims_that_a_grant_keeps_are_taken() -> None:
    """R28: strings, whole numbers, true and false, and lists of those, as a client's."""
    claims = {"tenant": "", "tier": 2**53 - 1, "beta": False, "https://example.com/roles": ["é", 1, True]}
    assert replace(USER, claims=claims).claims == claims
