"""From a request to a code by an interaction: its owner, its demands, and its single use."""

from __future__ import annotations

import json
from typing import Any

import pytest

from keyturn.domain.errors import StoreUnavailable
from keyturn.domain.interactions.interaction import INTERACTION_LIFETIME, ConsentMark, Demand
from keyturn.domain.revocations.revocation import Revocation, Target, TargetKind, pair_target
from keyturn.domain.sessions.session import hash_cookie
from keyturn.domain.users.authority import Authority, Status
from tests.fakes.token_factory import AUDIENCE, NOW
from tests.fakes.user_flow import (
    AUTHORIZE,
    NATIVE_URI,
    OTHER_SUBJECT,
    SUBJECT,
    THIRD,
    Browser,
    UserFlow,
    answer_of,
    authorization_request,
    interaction_of,
    offers_to_begin_again,
    third_party_flow,
    user_client,
)


@pytest.fixture
def flow(monkeypatch: pytest.MonkeyPatch) -> UserFlow:
    return third_party_flow(monkeypatch)


def test_who_is_not_signed_in_goes_to_the_login(flow: UserFlow, browser: Browser) -> None:
    """The URL has the interaction's id alone; the interaction is bound to the browser, and no code is issued."""
    answer = browser.open(login_hint="ada@example.com", ui_locales="de en", unheard_of="x", display="popup")
    stored = flow.interaction(interaction_of(answer))
    assert stored.browser_hash == hash_cookie(browser.cookies["__Host-keyturn-browser"])
    expected = authorization_request(login_hint="ada@example.com", ui_locales="de en", resource=AUDIENCE)
    assert dict(stored.request) == expected | {"scope": "email openid orders:read"}
    assert (stored.client_id, stored.resource) == ("app", AUDIENCE)
    assert stored.scope == {"openid", "email", "orders:read"}
    assert (stored.created_at, stored.expires_at) == (NOW, NOW + INTERACTION_LIFETIME)
    assert (stored.session_id, stored.authenticated_at, stored.grant_id) == (None, None, None)
    assert flow.grants.stored == {}


def test_the_browser_comes_back_with_a_session_and_gets_the_code(flow: UserFlow, browser: Browser) -> None:
    """The grant has the session, its authentication and the user's claims; it uses the interaction up."""
    interaction = interaction_of(browser.open())
    flow.authenticate(interaction, browser)
    told = answer_of(browser.resume(interaction))
    assert told["state"] == "s&t=1"
    [grant] = flow.grants.stored.values()
    assert (grant.session_id, grant.auth_time, grant.amr, grant.claims) == ("s1", NOW, ("pwd",), {"tenant": "a"})
    assert flow.interaction(interaction).grant_id == grant.gid
    assert flow.redeem(told["code"]).status == 200


@pytest.mark.parametrize("prompt", ["login", "login consent", "select_account"])
def test_third_party_and_native_and_prompt_end_after_one_round(flow: UserFlow, browser: Browser, prompt: str) -> None:
    """Each demand is met once per request: the user is not asked again."""
    flow.sign_in(browser)
    interaction = interaction_of(browser.open(**THIRD, prompt=prompt))
    flow.authenticate(interaction, browser, auth_time=NOW + 1)
    flow.clock.seconds += 40
    flow.consent(interaction, at=NOW + 20)
    flow.confirm(interaction, at=NOW + 30)
    assert "code" in answer_of(browser.resume(interaction), NATIVE_URI)


@pytest.mark.parametrize("missing", ["authenticate", "consent", "confirm"])
def test_each_demand_needs_its_own_mark(flow: UserFlow, browser: Browser, missing: str) -> None:
    """A mark meets its own demand only: the browser returns to the login, and no grant is written."""
    flow.sign_in(browser)
    interaction = interaction_of(browser.open(**THIRD, prompt="login consent"))
    flow.authenticate(interaction, browser)
    if missing != "consent":
        flow.consent(interaction)
    if missing != "confirm":
        flow.confirm(interaction)
    if missing == "authenticate":
        flow.mark(interaction, authenticated_at=None)
    assert interaction_of(browser.resume(interaction)) == interaction
    assert flow.grants.stored == {}


@pytest.mark.parametrize(
    "changes",
    [
        {"scope": frozenset({"openid"})},
        {"scope": frozenset({"openid", "email", "orders:read", "orders:write"})},
        {"resource": "https://other.example"},
        {"at": NOW - 60},
    ],
)
def test_a_consent_mark_is_for_exactly_the_request(flow: UserFlow, browser: Browser, changes: dict[str, Any]) -> None:
    """A consent mark for another scope or resource, or one before a withdrawal, is ignored: the page is shown again."""
    flow.sign_in(browser)
    withdrawn = Revocation(pair_target(SUBJECT, "third"), expires_at=NOW + 9000, not_before=NOW - 60)
    flow.revocations.store(withdrawn)
    interaction = interaction_of(browser.open(client_id="third", prompt="consent"))
    opened = flow.interaction(interaction)
    fields: dict[str, Any] = {"scope": opened.scope, "resource": opened.resource, "at": NOW} | changes
    flow.mark(interaction, consented=ConsentMark(**fields))
    assert interaction_of(browser.resume(interaction)) == interaction
    assert flow.interaction(interaction).consented is None
    assert flow.grants.stored == {}


def test_a_recorded_consent_that_was_given_meanwhile_is_enough(flow: UserFlow, browser: Browser) -> None:
    """RECORDED_CONSENT needs a mark or a stored consent: the user may have allowed the client in another tab."""
    flow.sign_in(browser)
    interaction = interaction_of(browser.open(client_id="third"))
    flow.consent(interaction)
    flow.mark(interaction, consented=None)
    assert "code" in answer_of(browser.resume(interaction))


def test_a_refusal_is_an_error_for_the_client(flow: UserFlow, browser: Browser) -> None:
    """RFC 6749 §4.1.2.1: a refusal is access_denied with the state each time, whatever other marks there are."""
    interaction = interaction_of(browser.open(**THIRD))
    flow.authenticate(interaction, browser)
    flow.consent(interaction)
    flow.confirm(interaction)
    flow.mark(interaction, denied=True)
    for _ in range(2):
        told = answer_of(browser.resume(interaction), NATIVE_URI)
        assert (told["error"], told["state"]) == ("access_denied", "s&t=1")
    assert flow.grants.stored == {}


def test_an_interaction_is_used_once(flow: UserFlow, browser: Browser) -> None:
    """A second use of the interaction, by the back button, offers to restart instead of a second code."""
    interaction = interaction_of(browser.open())
    flow.authenticate(interaction, browser)
    assert "code" in answer_of(browser.resume(interaction))
    assert offers_to_begin_again(browser.resume(interaction))
    assert (len(flow.grants.stored), flow.grants.calls.count("create")) == (1, 1)


def test_a_sign_in_before_the_mark_is_none(flow: UserFlow, browser: Browser) -> None:
    """A mark applies to the sign-in that wrote it: an older sign-in of the same sid does not meet the demand."""
    flow.sign_in(browser, auth_time=NOW - 100)
    interaction = interaction_of(browser.open(prompt="login"))
    flow.mark(interaction, session_id="s1", authenticated_at=NOW)
    assert interaction_of(browser.resume(interaction)) == interaction
    assert (flow.interaction(interaction).authenticated_at, flow.grants.stored) == (None, {})


def test_another_browser_cannot_continue(flow: UserFlow, browser: Browser) -> None:
    """Another browser with the interaction's id gets no code, even if a user is signed in there."""
    interaction = interaction_of(browser.open())
    flow.authenticate(interaction, browser)
    assert offers_to_begin_again(flow.browser.resume(interaction))
    assert offers_to_begin_again(Browser(flow).resume(interaction))
    foreign = Browser(flow)
    foreign.cookies["__Host-keyturn-browser"] = "F" * 43
    assert offers_to_begin_again(foreign.resume(interaction))
    assert (flow.grants.stored, flow.interaction(interaction).grant_id) == ({}, None)
    assert "code" in answer_of(browser.resume(interaction))


@pytest.mark.parametrize(("age", "good"), [(INTERACTION_LIFETIME - 1, True), (INTERACTION_LIFETIME, False)])
def test_an_interaction_is_over_after_half_an_hour(flow: UserFlow, browser: Browser, age: int, good: bool) -> None:
    """Expiry is checked on read: an expired item gives no code, even if it is still in the table."""
    interaction = interaction_of(browser.open())
    flow.authenticate(interaction, browser)
    flow.clock.seconds += age
    answer = browser.resume(interaction)
    assert "code" in answer_of(answer) if good else offers_to_begin_again(answer)


@pytest.mark.parametrize("interaction", ["A" * 22, "x", "", "A" * 5000, "é", "\x00", "<script>", "%ff"])
def test_an_unknown_interaction_is_a_page(flow: UserFlow, browser: Browser, interaction: str) -> None:
    """A forged, truncated or removed id gets a page without that id, and causes no write."""
    answer = browser.resume(interaction)
    assert (answer.status, "location" in answer.headers) == (400, False)
    assert "<script>" not in answer.body
    assert (flow.login.interactions.stored, flow.grants.stored) == ({}, {})


def test_two_interactions_in_one_query_are_a_page(flow: UserFlow, browser: Browser) -> None:
    """R20: two interactions in one query give an error page."""
    one, other = interaction_of(browser.open()), interaction_of(browser.open())
    assert flow.get(AUTHORIZE, query=f"interaction={one}&interaction={other}").status == 400


def test_a_session_that_was_lost_half_way_is_asked_for_again(flow: UserFlow, browser: Browser) -> None:
    """A lost session takes its marks with it: the same interaction starts again without marks."""
    interaction = interaction_of(browser.open(**THIRD))
    flow.authenticate(interaction, browser)
    flow.consent(interaction)
    flow.confirm(interaction)
    flow.sign_out(browser)
    assert interaction_of(browser.resume(interaction)) == interaction
    stored = flow.interaction(interaction)
    assert (stored.session_id, stored.authenticated_at, stored.consented, stored.confirmed_at) == (None,) * 4
    assert Demand.AUTHENTICATE in stored.demands
    assert flow.grants.stored == {}


def test_marks_of_one_user_give_no_code_to_another(flow: UserFlow, browser: Browser) -> None:
    """Another user who signed in meanwhile has neither consented nor confirmed."""
    flow.sign_in(browser)
    interaction = interaction_of(browser.open(**THIRD))
    flow.consent(interaction)
    flow.confirm(interaction)
    flow.sign_in(browser, value="T" * 43, subject=OTHER_SUBJECT, session_id="s2")
    assert interaction_of(browser.resume(interaction)) == interaction
    stored = flow.interaction(interaction)
    assert (stored.session_id, stored.consented, stored.confirmed_at) == ("s2", None, None)
    assert flow.grants.stored == {}


def test_a_session_of_another_tab_is_taken(flow: UserFlow, browser: Browser) -> None:
    """A session from another tab continues the interaction without a second password."""
    first, second = interaction_of(browser.open()), interaction_of(browser.open(state="second"))
    flow.authenticate(first, browser)
    assert answer_of(browser.resume(first))["state"] == "s&t=1"
    assert answer_of(browser.resume(second))["state"] == "second"
    assert flow.interaction(second).session_id == "s1"


@pytest.mark.parametrize(
    "revoke",
    [
        lambda flow: flow.revocations.store(Revocation(Target.of(TargetKind.SESSION, "s1"), expires_at=NOW + 9000)),
        lambda flow: flow.revocations.store(
            Revocation(Target.of(TargetKind.SUBJECT, SUBJECT), expires_at=NOW + 9000, not_before=NOW)
        ),
        lambda flow: flow.login.authorities.stored.update(
            {SUBJECT: Authority(subject=SUBJECT, status=Status.DISABLED, revision=1)}
        ),
        lambda flow: flow.login.sessions.stored.clear(),
    ],
)
def test_what_ends_the_session_meanwhile_ends_the_interaction_too(
    flow: UserFlow, browser: Browser, revoke: Any
) -> None:
    """R49: no grant is written for a session that was revoked, disabled or signed out before the code."""
    interaction = interaction_of(browser.open())
    flow.authenticate(interaction, browser)
    revoke(flow)
    assert interaction_of(browser.resume(interaction)) == interaction
    assert flow.interaction(interaction).authenticated_at is None
    assert flow.grants.stored == {}


def test_a_session_that_ends_at_the_last_moment_gives_no_code(flow: UserFlow, browser: Browser) -> None:
    """The session is updated before the grant: a session that is gone gets neither."""
    interaction = interaction_of(browser.open())
    flow.authenticate(interaction, browser)
    flow.login.sessions.touch = lambda *_args, **_kwargs: False  # type: ignore[method-assign]
    assert offers_to_begin_again(browser.resume(interaction))
    assert flow.grants.stored == {}
    answer = browser.open()
    assert interaction_of(answer)
    assert answer_of(browser.open(prompt="none"))["error"] == "login_required"


def test_the_first_code_of_a_session_is_noted_in_it(flow: UserFlow) -> None:
    """A logout revokes the sid of a session that gave a code, so that the session records its first code."""
    flow.get_code()
    [session] = flow.login.sessions.stored.values()
    assert session.gave_code
    flow.get_code()
    assert flow.login.sessions.calls.count("touch") == 1
    flow.clock.seconds += 300
    flow.get_code()
    [session] = flow.login.sessions.stored.values()
    assert (flow.login.sessions.calls.count("touch"), session.last_used_at) == (2, NOW + 300)


def test_a_registration_that_changed_meanwhile_counts(flow: UserFlow, browser: Browser) -> None:
    """R30: a redirect URI that was removed from the registration gets no code, although the interaction names it."""
    interaction = interaction_of(browser.open())
    flow.authenticate(interaction, browser)
    flow.clients.update(user_client(redirect_uris=("https://elsewhere.example/cb",)))
    answer = browser.resume(interaction)
    assert (answer.status, "location" in answer.headers) == (400, False)
    flow.clients.update(user_client(first_party=False, revision=1))
    assert interaction_of(browser.resume(interaction)) == interaction
    assert Demand.RECORDED_CONSENT in flow.interaction(interaction).demands
    assert flow.grants.stored == {}


def test_a_scope_that_was_taken_away_meanwhile_is_not_granted(flow: UserFlow, browser: Browser) -> None:
    """R26: the code has the client's present scopes, even if the user consented to more."""
    flow.sign_in(browser)
    interaction = interaction_of(browser.open(client_id="third", prompt="consent"))
    flow.consent(interaction)
    fewer = frozenset({"openid", "email"})
    flow.clients.update(user_client("third", first_party=False, scopes=fewer))
    assert "code" in answer_of(browser.resume(interaction))
    [grant] = flow.grants.stored.values()
    assert grant.scope == fewer


@pytest.mark.parametrize("refreshes", [True, False])
def test_offline_access_is_asked_of_the_user_and_in_no_token(flow: UserFlow, browser: Browser, refreshes: bool) -> None:
    """OIDC Core §11: a client with refresh tokens gets offline_access in the consent, and in no access token."""
    grants = {"authorization_code"} | ({"refresh_token"} if refreshes else set())
    flow.clients.add(user_client("offline", first_party=False, grant_types=frozenset(grants)))
    flow.sign_in(browser)
    scope = "openid offline_access unheard_of orders:read"
    interaction = interaction_of(browser.open(client_id="offline", scope=scope))
    asked = {"openid", "orders:read"} | ({"offline_access"} if refreshes else set())
    assert flow.interaction(interaction).scope == asked
    flow.consent(interaction)
    tokens = flow.redeem(answer_of(browser.resume(interaction))["code"], client_id="offline").json
    assert tokens["scope"] == "openid orders:read"
    assert ("refresh_token" in tokens) == refreshes
    if refreshes:
        again = flow.refresh(tokens["refresh_token"], client_id="offline", scope="openid offline_access").json
        assert again["scope"] == "openid"


def test_nothing_of_the_user_is_logged(flow: UserFlow, browser: Browser, capsys: pytest.CaptureFixture[str]) -> None:
    """R66: the log has neither login_hint, state, the interaction's id nor a cookie."""
    interaction = interaction_of(browser.open(login_hint="ada@example.com", state="of-the-client"))
    flow.authenticate(interaction, browser)
    browser.resume(interaction)
    lines = capsys.readouterr().out
    for secret in ("ada@example.com", "of-the-client", interaction, *browser.cookies.values()):
        assert secret not in lines
    assert json.loads(lines.splitlines()[-1])["outcome"] == "code"


@pytest.mark.parametrize("store", ["sessions", "authorities", "consents", "interactions"])
def test_a_store_that_is_away_grants_nothing(flow: UserFlow, browser: Browser, store: str) -> None:
    """RFC 6749 §4.1.2.1: the client gets an error; the interaction is unchanged, and gives its code afterwards."""
    interaction = interaction_of(browser.open(**THIRD))
    flow.authenticate(interaction, browser)
    flow.consent(interaction)
    flow.confirm(interaction)
    before = flow.interaction(interaction)
    port = getattr(flow.login, store)
    port.fault = StoreUnavailable("away")
    answer = browser.resume(interaction)
    if store == "interactions":  # the client is still unknown
        assert (answer.status, "location" in answer.headers) == (503, False)
    else:
        assert answer_of(answer, NATIVE_URI)["error"] == "temporarily_unavailable"
    port.fault = None
    assert (flow.interaction(interaction), flow.grants.stored) == (before, {})
    assert "code" in answer_of(browser.resume(interaction), NATIVE_URI)
