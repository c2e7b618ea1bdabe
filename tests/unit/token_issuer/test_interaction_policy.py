"""The issuer decides the demands of each request (OIDC Core §3.1.2.1, RFC 8252 §8.6)."""

from __future__ import annotations

from typing import Any

import pytest

from keyturn.domain.interactions.interaction import Demand
from keyturn.domain.revocations.revocation import Revocation, Target, TargetKind, pair_target
from keyturn.domain.users.authority import Authority, Status
from keyturn.domain.users.consent import Consent
from tests.fakes.token_factory import AUDIENCE, NOW
from tests.fakes.user_flow import SUBJECT, UserFlow, answer_of, interaction_of, user_client

NATIVE = ["http://127.0.0.1:3000/cb", "http://[::1]:3000/cb", "http://localhost:3000/cb", "com.example.app:/cb"]
PUBLIC: dict[str, Any] = {"authentication": frozenset({"none"}), "secret_hashes": ()}
SCOPE = frozenset({"openid", "email", "orders:read"})


@pytest.fixture
def flow(monkeypatch: pytest.MonkeyPatch) -> UserFlow:
    return UserFlow(monkeypatch)


def demands(flow: UserFlow, **changes: str | None) -> set[str]:
    """Return the demands of the interaction that a request of the signed-in user creates."""
    return set(flow.interaction(interaction_of(flow.authorize(**changes))).demands)


def allow(flow: UserFlow, client_id: str = "third", **changes: Any) -> None:
    """Store a consent of the user that covers the tests' request, with changes."""
    fields: dict[str, Any] = {"scope": SCOPE, "resource": AUDIENCE, "at": NOW - 50}
    consent = Consent(subject=SUBJECT, client_id=client_id, **(fields | changes))
    flow.login.consents.stored[SUBJECT, client_id] = consent


@pytest.mark.parametrize(
    "changes",
    [
        {"prompt": "login"},
        {"prompt": "select_account"},
        {"prompt": "login select_account"},
        {"max_age": "0"},
        {"max_age": "99"},
    ],
)
def test_a_new_sign_in_is_demanded(flow: UserFlow, changes: dict[str, str]) -> None:
    """OIDC Core §3.1.2.1: login, select_account and a session older than max_age make the user sign in again."""
    flow.sign_in(flow.browser, auth_time=NOW - 100)
    assert demands(flow, **changes) == {Demand.AUTHENTICATE}


@pytest.mark.parametrize(
    "session",
    [
        {"last_used_at": NOW - 43_200},
        {"expires_at": NOW},
        {"idle_seconds": 0},
    ],
)
def test_a_session_that_is_over_does_not_suffice(flow: UserFlow, session: dict[str, Any]) -> None:
    """A session expires at its idle end and its absolute end, even if TTL has not removed it."""
    flow.sign_in(flow.browser, **session)
    assert demands(flow) == {Demand.AUTHENTICATE}
    assert answer_of(flow.authorize(prompt="none"))["error"] == "login_required"


def test_a_session_counts_to_its_last_second(flow: UserFlow) -> None:
    """The idle end is exclusive: one second before it the session gives a code."""
    flow.sign_in(flow.browser, last_used_at=NOW - 43_199)
    assert "code" in answer_of(flow.authorize())


@pytest.mark.parametrize("value", ["", "x", "S" * 42, "T" * 43, "S" * 44])
def test_another_cookie_is_no_session(flow: UserFlow, value: str) -> None:
    """A forged, foreign or truncated cookie is not a session."""
    flow.browser.cookies["__Host-keyturn-session"] = value
    assert demands(flow) == {Demand.AUTHENTICATE}


@pytest.mark.parametrize("status", [Status.DISABLED, Status.ERASED, None])
def test_the_user_has_to_be_active(flow: UserFlow, status: Status | None) -> None:
    """A session of a disabled, erased or removed user gives no code, without any revocation."""
    del flow.login.authorities.stored[SUBJECT]
    if status is not None:
        flow.login.authorities.stored[SUBJECT] = Authority(subject=SUBJECT, status=status)
    assert demands(flow) == {Demand.AUTHENTICATE}


@pytest.mark.parametrize(
    ("target", "not_before", "first_party", "counts"),
    [
        (Target.of(TargetKind.SESSION, "s1"), None, True, True),
        (Target.of(TargetKind.SUBJECT, SUBJECT), NOW - 10, True, True),
        (Target.of(TargetKind.SUBJECT, SUBJECT), NOW - 11, True, False),
        (Target.of(TargetKind.CLIENT, "third"), NOW - 10, True, True),
        (Target.of(TargetKind.GLOBAL, "0"), NOW - 10, True, True),
        (pair_target(SUBJECT, "third"), NOW - 10, True, True),
        (pair_target(SUBJECT, "third"), NOW - 11, True, False),
        (pair_target(SUBJECT, "other"), NOW - 10, True, False),
        # A withdrawal ends the consent of a client that needs one, not the session.
        (pair_target(SUBJECT, "third"), NOW - 10, False, False),
    ],
)
def test_a_revocation_after_the_sign_in_counts(
    flow: UserFlow, target: Target, not_before: int | None, first_party: bool, counts: bool
) -> None:
    """R49, ADR 5: the user signs in again after a cutoff of session, user, client or pair, or a global revocation."""
    flow.clients.add(user_client("third", first_party=first_party))
    allow(flow, at=NOW - 5)
    flow.sign_in(flow.browser, auth_time=NOW - 10)
    flow.revocations.store(Revocation(target, expires_at=NOW + 9000, not_before=not_before))
    if counts:
        assert Demand.AUTHENTICATE in demands(flow, client_id="third")
    else:
        assert "code" in answer_of(flow.authorize(client_id="third"))


def test_consent_is_demanded_of_the_operators_own_client_too(flow: UserFlow) -> None:
    """OIDC Core §3.1.2.1: prompt=consent asks before each code, even with a stored consent."""
    allow(flow, "app")
    assert demands(flow, prompt="consent") == {Demand.CONSENT}


@pytest.mark.parametrize(
    ("consent", "covers"),
    [
        ({}, True),
        ({"scope": SCOPE | {"orders:write"}}, True),
        ({"scope": SCOPE - {"email"}}, False),
        ({"scope": frozenset()}, False),
        ({"resource": "https://other.example"}, False),
        ({"at": NOW - 60}, False),
        ({"at": NOW - 59}, True),
    ],
)
def test_a_recorded_consent_that_covers_the_request_is_enough(
    flow: UserFlow, consent: dict[str, Any], covers: bool
) -> None:
    """OIDC Core §3.1.2.4: a stored consent applies to its scopes and resource until it is withdrawn."""
    flow.clients.add(user_client("third", first_party=False))
    allow(flow, **consent)
    withdrawn = Revocation(pair_target(SUBJECT, "third"), expires_at=NOW + 9000, not_before=NOW - 60)
    flow.revocations.store(withdrawn)
    if covers:
        assert "code" in answer_of(flow.authorize(client_id="third", prompt="none"))
    else:
        assert demands(flow, client_id="third") == {Demand.RECORDED_CONSENT}
        assert answer_of(flow.authorize(client_id="third", prompt="none"))["error"] == "consent_required"


def test_a_consent_of_another_user_or_client_does_not_count(flow: UserFlow) -> None:
    """A consent applies to one user and one client."""
    flow.clients.add(user_client("third", first_party=False))
    allow(flow, "other")
    flow.login.consents.stored["u_" + "f" * 32, "third"] = Consent(
        subject="u_" + "f" * 32, client_id="third", scope=SCOPE, resource=AUDIENCE, at=NOW
    )
    assert demands(flow, client_id="third") == {Demand.RECORDED_CONSENT}


@pytest.mark.parametrize("uri", NATIVE)
@pytest.mark.parametrize("public", [{}, PUBLIC])
def test_a_native_app_gets_no_code_in_silence(flow: UserFlow, uri: str, public: dict[str, Any]) -> None:
    """RFC 8252 §8.6: a native app's user confirms each code: any app of the device may have sent the request."""
    flow.clients.add(user_client("native", redirect_uris=("https://app.example/callback", uri), **public))
    named = {"client_id": "native", "redirect_uri": uri}
    assert demands(flow, **named) == {Demand.CONFIRM}
    assert answer_of(flow.authorize(**named, prompt="none"), uri)["error"] == "interaction_required"
    assert "code" in answer_of(flow.authorize(client_id="native"))


def test_without_a_session_every_demand_is_kept_for_the_login(flow: UserFlow) -> None:
    """Without a session the login gets every demand of the request, as the user is still unknown."""
    flow.clients.add(user_client("third", first_party=False, redirect_uris=("http://127.0.0.1/cb",)))
    flow.sign_out()
    allow(flow)
    named = {"client_id": "third", "redirect_uri": "http://127.0.0.1/cb"}
    assert demands(flow, **named) == {Demand.AUTHENTICATE, Demand.RECORDED_CONSENT, Demand.CONFIRM}
    refused = answer_of(flow.authorize(**named, prompt="none"), "http://127.0.0.1/cb")
    assert refused["error"] == "login_required"


def test_prompt_none_writes_no_interaction(flow: UserFlow) -> None:
    """OIDC Core §3.1.2.1: prompt=none gets an answer at once, without a stored interaction."""
    flow.sign_out()
    flow.authorize(prompt="none")
    assert flow.login.interactions.calls == []
