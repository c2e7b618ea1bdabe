"""The operator's actions: strict input, the same answer to a repeat, and whole effects."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from keyturn.domain.credentials.buckets import MAX_FAILURES
from keyturn.domain.errors import StoreUnavailable
from keyturn.domain.users.authority import Authority, Status
from keyturn.domain.users.consent import Consent
from login.session_start import SignedIn
from tests.fakes.login_use_cases import ADA, EMAIL, NEW_PASSWORD, PASSWORD, LoginUseCases
from tests.fakes.token_factory import ISSUER

BOB = "u_BobBobBobBobBobBobBobB1"


def ask(login: LoginUseCases, action: str, subject: str = ADA, **members: Any) -> dict[str, Any]:
    return login.actions.answer({"keyturn": action, "subject": subject, **members})


def add_bob(login: LoginUseCases, **members: Any) -> dict[str, Any]:
    return ask(login, "add_user", BOB, **{"email": "Bob@Example.com", **members})


def test_user_is_added_with_a_verified_address(login: LoginUseCases) -> None:
    """A new user has the profile as it was written, and the normalised address is reserved."""
    claims = {"given_name": "Bob", "address": {"country": "DE"}}
    assert add_bob(login, name="Bob B.", locale="de-CH", claims=claims) == {"subject": BOB}
    user = login.stores.users.stored[BOB]
    assert (user.email, user.name, user.locale, dict(user.claims)) == ("Bob@Example.com", "Bob B.", "de-CH", claims)
    assert user.email_verified_at == user.created_at == user.updated_at == int(login.clock.now().latest)
    assert login.stores.users.reserved["bob@example.com"] == BOB


def test_unverified_address_stays_unverified(login: LoginUseCases) -> None:
    """An operator may add an unverified address."""
    add_bob(login, email_verified=False)
    assert login.stores.users.stored[BOB].email_verified_at is None


def test_address_belongs_to_one_user(login: LoginUseCases) -> None:
    """An address that somebody has, in whatever spelling, is refused, and the answer says who has it."""
    answer = add_bob(login, email="ADA@example.com")
    assert (answer["error"], answer["subject"]) == ("email_taken", ADA)
    assert BOB not in login.stores.users.stored


def test_repeated_addition_is_no_error(login: LoginUseCases) -> None:
    """An addition whose answer was lost may be repeated; another profile under the subject is refused."""
    assert add_bob(login) == add_bob(login) == {"subject": BOB}
    assert add_bob(login, name="Robert")["error"] == "user_exists"
    assert add_bob(login, email="robert@example.com")["error"] == "user_exists"


def test_race_for_an_address_has_one_winner(login: LoginUseCases) -> None:
    """An address that is reserved between the look-up and the write is refused."""
    answers = iter([None, ADA])

    def find_subject(email: str) -> str | None:
        return next(answers)

    login.stores.users.find_subject = find_subject  # type: ignore[method-assign]
    assert add_bob(login, email=EMAIL)["error"] == "email_taken"
    assert BOB not in login.stores.users.stored


def test_link_of_an_operator_sets_a_password(login: LoginUseCases) -> None:
    """A link is a URL of the issuer, and leads to a password."""
    answer = ask(login, "create_link")
    prefix, _, value = answer["link"].partition("?link=")
    assert prefix == f"{ISSUER}/login/link"
    assert answer["expires_at"] == int(login.clock.now().latest) + 900
    assert login.links.use(value, NEW_PASSWORD) is None


def test_link_needs_an_active_user(login: LoginUseCases) -> None:
    """A link for a disabled or unknown user is refused with the cause."""
    assert ask(login, "create_link", BOB)["error"] == "unknown_user"
    login.add_user(status=Status.DISABLED)
    assert ask(login, "create_link")["error"] == "not_active"


def test_unlock_lets_unknown_browsers_in(login: LoginUseCases) -> None:
    """An operator's unlock begins the count of failures again (NIST SP 800-63B-4 §3.2.2)."""
    login.stores.attempts.failed[ADA] = MAX_FAILURES
    assert not isinstance(login.try_password(), SignedIn)
    assert ask(login, "unlock") == {"subject": ADA}
    assert isinstance(login.try_password(), SignedIn)
    assert ask(login, "unlock", BOB)["error"] == "unknown_user"


def test_sessions_are_listed_without_their_keys(login: LoginUseCases) -> None:
    """A list of live sessions has times and device, without the hash of a cookie."""
    session = login.signed_in().session
    (listed,) = ask(login, "list_sessions")["sessions"]
    assert listed == {
        "session_id": session.session_id,
        "created_at": session.created_at,
        "auth_time": session.auth_time,
        "last_used_at": session.last_used_at,
        "ends_at": session.created_at + 43_200,
        "device": "",
        "gave_code": False,
    }
    login.clock.seconds += 43_200
    assert ask(login, "list_sessions") == {"sessions": []}


def test_one_session_ends_or_all_of_them(login: LoginUseCases) -> None:
    """An operator ends one session, or all with everything that they gave."""
    first, second = login.signed_in().session, login.signed_in().session
    assert ask(login, "end_sessions", session_id=first.session_id) == {"ended": 1}
    assert list(login.stores.sessions.stored) == [second.key_hash]
    assert ask(login, "end_sessions", session_id=first.session_id) == {"ended": 0}
    assert ask(login, "end_sessions", actor="arn:aws:iam::123456789012:user/ops") == {"ended": 1}
    ((written, reason, actor),) = login.revocations.writes
    assert (written.target.key, reason, actor) == (f"sub#{ADA}", "operator", "arn:aws:iam::123456789012:user/ops")
    assert ask(login, "end_sessions", BOB)["error"] == "unknown_user"


def write_tombstone(login: LoginUseCases) -> None:
    login.stores.authorities.stored[ADA] = Authority(subject=ADA, status=Status.ERASED, erased_at=1, revision=1)


def leftovers(login: LoginUseCases) -> list[object]:
    stores = login.stores
    return [
        stored
        for stored in (
            stores.users.stored,
            stores.users.reserved,
            stores.consents.stored,
            stores.passwords.stored,
            stores.known_browsers.stored,
            stores.sessions.stored,
            stores.attempts.failed,
        )
        if stored
    ]


def test_erase_needs_the_tombstone(login: LoginUseCases) -> None:
    """Nothing is deleted before the operator wrote the tombstone: a sign-in could bring it back."""
    login.signed_in()
    assert ask(login, "erase")["error"] == "not_erased"
    assert ask(login, "erase", BOB)["error"] == "not_erased"
    assert login.revocations.writes == []
    assert len(leftovers(login)) == 5


def test_erase_leaves_nothing_of_the_user(login: LoginUseCases) -> None:
    """Profile, address, consents, password, known browsers, failures and sessions are gone. The cutoff ends grants."""
    login.try_password("wrong")
    login.signed_in()
    login.try_password("wrong", address="198.51.100.1")
    consent = Consent(subject=ADA, client_id="shop", scope=frozenset(), resource="r", at=1)
    login.stores.consents.stored[ADA, "shop"] = consent
    write_tombstone(login)
    assert ask(login, "erase") == {"subject": ADA}
    assert leftovers(login) == []
    assert [written.target.key for written, _, _ in login.revocations.writes] == [f"sub#{ADA}"]
    assert ask(login, "erase") == {"subject": ADA}
    assert not isinstance(login.try_password(), SignedIn)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(
    ("port", "method"),
    [
        ("authorities", "get"),
        ("users", "get"),
        ("known_browsers", "forget"),
        ("sessions", "list"),
        ("sessions", "delete"),
        ("passwords", "erase"),
        ("users", "erase"),
    ],
)
def test_erase_may_be_repeated_after_a_crash_at_each_step(
    login: LoginUseCases, port: str, method: str, after: bool
) -> None:
    """An erase that died at any call is finished by the next one."""
    session = login.signed_in().session
    login.stores.sessions.stored[session.key_hash] = replace(session, gave_code=True)
    write_tombstone(login)
    getattr(login.stores, port).plan(method, StoreUnavailable("away"), after=after)
    with pytest.raises(StoreUnavailable):
        ask(login, "erase")
    assert ask(login, "erase") == {"subject": ADA}
    assert leftovers(login) == []


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"keyturn": "add_user"},
        {"keyturn": 7, "subject": ADA},
        {"keyturn": "", "subject": ADA},
        {"keyturn": "drop_all", "subject": ADA},
        {"keyturn": "unlock", "subject": "ada"},
        {"keyturn": "unlock", "subject": None},
        {"keyturn": "unlock", "subject": ADA, "email": EMAIL},
        {"keyturn": "erase", "subject": ADA, "actor": 7},
        {"keyturn": "erase", "subject": ADA, "actor": "a\nb"},
        {"keyturn": "erase", "subject": ADA, "actor": "a" * 257},
        {"keyturn": "erase", "subject": ADA, "reason": "x"},
        {"keyturn": "end_sessions", "subject": ADA, "session_id": ""},
        {"keyturn": "end_sessions", "subject": ADA, "sessionid": "x"},
        {"keyturn": "add_user", "subject": BOB},
        {"keyturn": "add_user", "subject": BOB, "email": "bob"},
        {"keyturn": "add_user", "subject": BOB, "email": ["bob@example.com"]},
        {"keyturn": "add_user", "subject": BOB, "email": "bob@example.com", "name": ""},
        {"keyturn": "add_user", "subject": BOB, "email": "bob@example.com", "name": "a\x07"},
        {"keyturn": "add_user", "subject": BOB, "email": "bob@example.com", "name": "a" * 201},
        {"keyturn": "add_user", "subject": BOB, "email": "bob@example.com", "locale": "german!"},
        {"keyturn": "add_user", "subject": BOB, "email": "bob@example.com", "claims": []},
        {"keyturn": "add_user", "subject": BOB, "email": "bob@example.com", "claims": {"email": "x"}},
        {"keyturn": "add_user", "subject": BOB, "email": "bob@example.com", "email_verified": "yes"},
        {"keyturn": "add_user", "subject": BOB, "email": "bob@example.com", "status": "active"},
    ],
)
def test_malformed_events_change_nothing(login: LoginUseCases, event: dict[str, Any]) -> None:
    """An event with a missing, an unknown or a wrong member is refused with a sentence, and writes nothing."""
    login.signed_in()
    writes = ("create", "erase", "delete", "forgive", "add_link", "forget")
    before = sum(calls.count(write) for calls in login.calls().values() for write in writes)
    answer = login.actions.answer(event)
    assert answer["error"] == "bad_request"
    assert answer["message"]
    assert PASSWORD not in str(answer)
    assert before == sum(calls.count(write) for calls in login.calls().values() for write in writes)
    assert login.revocations.writes == []
