"""The consent page: shown, allowed, denied, recorded, withdrawn meanwhile."""

from __future__ import annotations

from dataclasses import replace

import pytest

from keyturn.domain.interactions.interaction import ConsentMark, Demand
from keyturn.domain.revocations.revocation import Revocation, pair_target
from keyturn.domain.users.consent import Consent
from tests.fakes.login_harness import CLIENT_ID, EMAIL, PASSWORD, LoginBrowser, LoginHarness
from tests.fakes.token_factory import AUDIENCE

CONSENT_PATH = "/login/consent"
SCOPE = frozenset({"openid", "orders:read"})


def ask(login: LoginHarness, *demands: Demand, **changes: object) -> tuple[LoginBrowser, str]:
    """Return a signed-in browser and its interaction with these demands, whose page it has seen."""
    browser = login.signed_in()
    session = login.session_of(browser)
    assert session is not None
    interaction = login.begin(browser, *(demands or {Demand.CONSENT}), session_id=session.session_id, **changes)
    browser.get("/login", interaction=interaction)
    return browser, interaction


def store_consent(login: LoginHarness, **changes: object) -> None:
    """Store an earlier consent of the user for the client."""
    consent = Consent(subject=login.subject, client_id=CLIENT_ID, scope=SCOPE, resource=AUDIENCE, at=login.now - 50)
    login.stores.consents.stored[login.subject, CLIENT_ID] = replace(consent, **changes)  # type: ignore[arg-type]


def test_the_page_names_client_user_scope_and_resource(login: LoginHarness) -> None:
    """The page says who asks, for whom, for what, at which resource, and where the user returns."""
    browser, interaction = ask(login)
    page = browser.get("/login", interaction=interaction).body.replace("<wbr>", "")
    for text in ("The Application", EMAIL, "Know who you are", "orders:read", AUDIENCE, "app.example"):
        assert text in page


def test_the_page_names_no_resource_for_the_profile_alone(login: LoginHarness) -> None:
    """Scopes of the user's own profile open no resource server."""
    browser, interaction = ask(login, scope=frozenset({"openid", "email", "offline_access"}))
    assert AUDIENCE not in browser.get("/login", interaction=interaction).body


def test_allow_records_mark_and_consent_and_leads_to_the_issuer(login: LoginHarness) -> None:
    """Allow writes the exact scope and resource into the interaction, and the user's consent (OIDC Core §3.1.2.4)."""
    browser, interaction = ask(login)
    answer = browser.submit(CONSENT_PATH, decision="allow")
    assert (answer.status, answer.headers["location"]) == (303, f"/oauth2/authorize?interaction={interaction}")
    mark = login.interaction(interaction).consented
    assert mark is not None
    assert (mark.scope, mark.resource, mark.at) == (SCOPE, AUDIENCE, login.now)
    stored = login.stores.consents.stored[login.subject, CLIENT_ID]
    assert (stored.scope, stored.resource, stored.at) == (SCOPE, AUDIENCE, login.now)


def test_deny_leads_to_the_issuer_and_records_no_consent(login: LoginHarness) -> None:
    """Deny marks the interaction as denied, so that the issuer answers access_denied."""
    browser, interaction = ask(login, Demand.CONSENT, Demand.CONFIRM)
    answer = browser.submit(CONSENT_PATH, decision="deny")
    assert answer.headers["location"] == f"/oauth2/authorize?interaction={interaction}"
    assert (login.interaction(interaction).denied, login.stores.consents.stored) == (True, {})
    assert browser.get("/login", interaction=interaction).headers["location"].startswith("/oauth2/authorize?")


@pytest.mark.parametrize("decision", ["", "Allow", "yes"])
def test_any_other_decision_is_refused(login: LoginHarness, decision: str) -> None:
    """A decision that is neither allow nor deny changes nothing."""
    browser, _ = ask(login)
    before = login.items()
    assert browser.submit(CONSENT_PATH, decision=decision).status == 400
    assert login.items() == before


def test_a_recorded_consent_that_covers_the_request_shows_no_page(login: LoginHarness) -> None:
    """An earlier consent for at least this scope at this resource meets the demand RECORDED_CONSENT."""
    store_consent(login, scope=SCOPE | {"email"})
    browser, interaction = ask(login, Demand.RECORDED_CONSENT)
    answer = browser.get("/login", interaction=interaction)
    assert (answer.status, answer.headers["location"]) == (303, f"/oauth2/authorize?interaction={interaction}")


@pytest.mark.parametrize(
    "changes", [{"scope": frozenset({"openid"})}, {"resource": "https://other.example"}], ids=["scope", "resource"]
)
def test_a_smaller_consent_asks_again(login: LoginHarness, changes: dict[str, object]) -> None:
    """A request for more scope, or at another resource, than was recorded shows the page."""
    store_consent(login, **changes)
    browser, interaction = ask(login, Demand.RECORDED_CONSENT)
    assert browser.get("/login", interaction=interaction).status == 200


def test_prompt_consent_asks_although_a_consent_is_recorded(login: LoginHarness) -> None:
    """The demand CONSENT (prompt=consent) is met by a new mark alone (OIDC Core §3.1.2.1)."""
    store_consent(login)
    browser, interaction = ask(login, Demand.CONSENT)
    assert browser.get("/login", interaction=interaction).status == 200


@pytest.mark.parametrize(
    ("scope", "resource", "status"),
    [
        (SCOPE, AUDIENCE, 303),
        (SCOPE | {"email"}, AUDIENCE, 200),
        (frozenset({"openid"}), AUDIENCE, 200),
        (SCOPE, "https://other.example", 200),
    ],
)
def test_a_mark_counts_for_exactly_what_was_allowed(
    login: LoginHarness, scope: frozenset[str], resource: str, status: int
) -> None:
    """A mark of another scope or resource meets no demand."""
    mark = ConsentMark(scope=scope, resource=resource, at=login.now)
    browser, interaction = ask(login, Demand.CONSENT, consented=mark)
    assert browser.get("/login", interaction=interaction).status == status


@pytest.mark.parametrize(("cutoff", "status"), [(-51, 303), (-50, 200), (0, 200)])
def test_a_withdrawn_consent_asks_again(login: LoginHarness, cutoff: int, status: int) -> None:
    """A consent counts if it is later than the cutoff's second of its user at its client."""
    store_consent(login)
    at = login.now + cutoff
    pair = pair_target(login.subject, CLIENT_ID)
    login.revocations.store(Revocation(pair, not_before=at, expires_at=at + 10**6))
    browser, interaction = ask(login, Demand.RECORDED_CONSENT)
    assert browser.get("/login", interaction=interaction).status == status


def test_a_consent_lies_after_a_withdrawal_of_the_moment(login: LoginHarness) -> None:
    """ADR 5: a consent in the second of a withdrawal waits until it is later than the cutoff."""
    browser, interaction = ask(login)
    cutoff = login.now + 2
    pair = pair_target(login.subject, CLIENT_ID)
    login.revocations.store(Revocation(pair, not_before=cutoff, expires_at=cutoff + 10**6))
    assert browser.submit(CONSENT_PATH, decision="allow").status == 303
    mark = login.interaction(interaction).consented
    assert mark is not None
    assert mark.at == cutoff + 1
    assert login.stores.consents.stored[login.subject, CLIENT_ID].at == cutoff + 1


def test_an_earlier_consent_stays_a_part_of_the_new_one(login: LoginHarness) -> None:
    """Allowing less than before at the same resource keeps the rest of the earlier consent."""
    store_consent(login, scope=frozenset({"openid", "email"}))
    browser, _ = ask(login)
    browser.submit(CONSENT_PATH, decision="allow")
    assert login.stores.consents.stored[login.subject, CLIENT_ID].scope == SCOPE | {"email"}


def test_a_withdrawn_consent_is_no_part_of_the_new_one(login: LoginHarness) -> None:
    """A scope that was withdrawn does not come back with the next consent."""
    store_consent(login, scope=frozenset({"openid", "email"}))
    pair = pair_target(login.subject, CLIENT_ID)
    login.revocations.store(Revocation(pair, not_before=login.now - 10, expires_at=login.now + 10**6))
    browser, _ = ask(login)
    browser.submit(CONSENT_PATH, decision="allow")
    assert login.stores.consents.stored[login.subject, CLIENT_ID].scope == SCOPE


def test_a_decision_that_is_sent_twice_is_harmless(login: LoginHarness) -> None:
    """The second post leads to the next page, also with the other decision, and changes nothing."""
    browser, interaction = ask(login, Demand.CONSENT, Demand.CONFIRM)
    form = browser.forms[CONSENT_PATH]
    assert browser.post(CONSENT_PATH, **form, decision="allow").status == 303
    before = login.items()
    answer = browser.post(CONSENT_PATH, **form, decision="deny")
    assert (answer.status, answer.headers["location"]) == (303, f"/login?interaction={interaction}")
    assert login.items() == before


def test_a_form_of_another_session_is_refused(login: LoginHarness) -> None:
    """The guard of the consent page is bound to the session: the token of the sign-in form is refused."""
    browser, interaction = ask(login)
    browser.get("/login", interaction=interaction, again="1")
    token = browser.forms["/login/password"]["csrf_token"]
    answer = browser.post(CONSENT_PATH, interaction=interaction, csrf_token=token, decision="allow")
    assert answer.status == 403
    assert login.interaction(interaction).consented is None


def test_a_session_that_is_not_the_interactions_writes_no_mark(login: LoginHarness) -> None:
    """A live session of the same browser whose sid is another one is led to the sign-in page."""
    browser, interaction = ask(login)
    form = browser.forms[CONSENT_PATH]
    stored = login.interaction(interaction)
    login.stores.interactions.stored[stored.key_hash] = replace(stored, session_id="another")
    answer = browser.post(CONSENT_PATH, **form, decision="allow")
    assert answer.headers["location"] == f"/login?interaction={interaction}"
    assert login.interaction(interaction).consented is None
    assert "Sign in" in browser.get("/login", interaction=interaction).body


@pytest.mark.parametrize("decision", ["allow", "deny"])
def test_an_interaction_that_changes_meanwhile_takes_no_mark(login: LoginHarness, decision: str) -> None:
    """Where another tab used the interaction between read and write, the post leads to its page, which says so."""
    browser, interaction = ask(login)
    stored = login.interaction(interaction)
    used = replace(stored, grant_id="g-1")
    interactions = login.stores.interactions
    original = interactions.get

    def get_then_use(key_hash: str) -> object:
        found = original(key_hash)
        interactions.stored[key_hash] = used
        return found

    interactions.get = get_then_use  # type: ignore[method-assign, assignment]
    answer = browser.submit(CONSENT_PATH, decision=decision)
    assert answer.headers["location"] == f"/login?interaction={interaction}"
    assert (login.interaction(interaction), login.stores.consents.stored) == (used, {})
    assert browser.get("/login", interaction=interaction).status == 400


def test_an_idle_session_decides_nothing(login: LoginHarness) -> None:
    """A session that ended while the page was open leads to the sign-in page."""
    browser, interaction = ask(login, expires_at=login.now + 10**6)
    login.clock.seconds += 43_200
    answer = browser.submit(CONSENT_PATH, decision="allow")
    assert answer.headers["location"] == f"/login?interaction={interaction}"
    assert login.interaction(interaction).consented is None
    assert "You are signed out." in browser.get("/login", interaction=interaction).body


def test_a_post_notes_the_use_of_the_session(login: LoginHarness) -> None:
    """A decision more than five minutes after the last use moves the session's idle end."""
    browser, _ = ask(login)
    login.clock.seconds += 300
    browser.submit(CONSENT_PATH, decision="allow")
    session = login.session_of(browser)
    assert session is not None
    assert session.last_used_at == login.now


def test_third_party_prompt_login_and_native_end_after_one_round(login: LoginHarness) -> None:
    """Sign-in, consent and confirmation follow each other once, and then comes the issuer."""
    browser = login.browser()
    demands = (Demand.AUTHENTICATE, Demand.RECORDED_CONSENT, Demand.CONFIRM)
    interaction = login.begin(browser, *demands)
    browser.get("/login", interaction=interaction)
    browser.follow(browser.submit("/login/password", email=EMAIL, password=PASSWORD))
    page = browser.follow(browser.submit(CONSENT_PATH, decision="allow"))
    assert "Did you open The Application?" in page.body
    answer = browser.submit("/login/confirm", decision="allow")
    assert answer.headers["location"] == f"/oauth2/authorize?interaction={interaction}"
    marked = login.interaction(interaction)
    assert None not in (marked.authenticated_at, marked.consented, marked.confirmed_at)
