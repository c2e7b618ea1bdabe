"""Sign-in: one refusal for every cause, sessions later than every cutoff, and equal work for unknown users."""

from __future__ import annotations

from dataclasses import replace

import pytest

from keyturn.domain.credentials.password import Argon2Parameters
from keyturn.domain.errors import StoreUnavailable
from keyturn.domain.interactions.interaction import Demand, Interaction
from keyturn.domain.revocations.revocation import Revocation, Target, TargetKind
from keyturn.domain.sessions.session import Session, hash_cookie
from keyturn.domain.users.authority import Status
from login.session_start import SignedIn
from login.sign_in import SignInAttempt, SignInRefusal, SignInRefused, decoy_subject
from tests.fakes.login_use_cases import ADA, ADDRESS, CHEAP, EMAIL, PASSWORD, LoginUseCases

BOB = "u_BobBobBobBobBobBobBobB1"
WRONG = SignInRefused(reason=SignInRefusal.WRONG)


def attempt(**changes: object) -> SignInAttempt:
    return replace(SignInAttempt(email=EMAIL, password=PASSWORD, address=ADDRESS), **changes)  # type: ignore[arg-type]


def interaction(login: LoginUseCases) -> Interaction:
    now = int(login.clock.seconds)
    found = Interaction(
        key_hash="i" * 64,
        client_id="shop",
        request={},
        scope=frozenset({"openid"}),
        resource="https://api.example.com",
        demands=frozenset({Demand.AUTHENTICATE}),
        created_at=now,
        expires_at=now + 1800,
        browser_hash="b" * 64,
    )
    login.stores.interactions.stored[found.key_hash] = found
    return found


def test_right_password_starts_a_session(login: LoginUseCases) -> None:
    """A right password gives a stored session of this user, named by the hash of its cookie."""
    result = login.sign_in.attempt(attempt(email="  Ada@example.com".strip(), device_label="Firefox on Linux"))
    assert isinstance(result, SignedIn)
    session = result.session
    assert login.stores.sessions.stored == {hash_cookie(result.session_cookie): session}
    assert (session.subject, session.acr, session.amr) == (ADA, "urn:keyturn:password", ("pwd",))
    assert session.auth_time == session.created_at == session.last_used_at == int(login.clock.seconds)
    assert (session.idle_seconds, session.expires_at) == (43_200, session.created_at + 604_800)
    assert (session.device, session.gave_code) == ("Firefox on Linux", False)
    assert len(result.session_cookie) == len(result.device_cookie) == 43


@pytest.mark.parametrize("email", ["ADA@EXAMPLE.COM", "\uff21da@example.com", "ada@example.com"])
def test_email_is_found_in_every_spelling(login: LoginUseCases, email: str) -> None:
    """A user signs in by every spelling of the address (ADR 32)."""
    assert isinstance(login.try_password(email=email), SignedIn)


@pytest.mark.parametrize("status", [Status.DISABLED, Status.ERASED])
def test_disabled_and_erased_users_read_like_wrong_passwords(login: LoginUseCases, status: Status) -> None:
    """R64: A user who may not sign in gets the answer of a wrong password, also with the right one."""
    login.add_user(status=status)
    assert login.try_password() == WRONG
    assert login.stores.sessions.stored == {}


def test_user_without_authority_or_password_is_refused(login: LoginUseCases) -> None:
    """A half-created user cannot sign in."""
    login.add_user(password=None)
    del login.stores.passwords.stored[ADA]
    assert login.try_password() == WRONG
    login.add_user()
    del login.stores.authorities.stored[ADA]
    assert login.try_password() == WRONG


@pytest.mark.parametrize(
    "email", ["", "ada", "a" * 300 + "@example.com", "ada@exa mple.com", "\x00@b", "'--@", "\ud800@b"]
)
def test_no_address_is_a_wrong_password(login: LoginUseCases, email: str) -> None:
    """An address that no account can have is refused without a call."""
    before = login.calls()
    assert login.try_password(email=email) == WRONG
    assert login.calls() == before


def test_unknown_user_costs_the_calls_of_a_wrong_password(login: LoginUseCases) -> None:
    """R64: An unknown, a disabled, an erased and a known user cost the same calls of every port (issue 18)."""
    login.add_user(BOB, "bob@example.com", status=Status.DISABLED)
    login.add_user(BOB[:-1] + "2", "eve@example.com", password=None)
    spent = []
    for email in (EMAIL, "nobody@example.com", "bob@example.com", "eve@example.com"):
        for device in (None, "d" * 43):
            for port in (
                "authorities",
                "sessions",
                "known_browsers",
                "attempts",
                "pepper",
                "users",
                "passwords",
                "sign_ins",
            ):
                getattr(login.stores, port).calls.clear()
            login.clock.seconds += 1000
            assert login.try_password("wrong", email=email, device=device) == WRONG
            spent.append((device, login.calls()))
    for device in (None, "d" * 43):
        assert len({str(calls) for known, calls in spent if known == device}) == 1


def test_unknown_users_make_few_items(login: LoginUseCases) -> None:
    """Ten thousand unknown addresses count their failures on 256 subjects at most, none of which a user can have."""
    assert len({decoy_subject(f"{number}@example.com") for number in range(10_000)}) == 256
    login.try_password(email="nobody@example.com")
    assert list(login.stores.attempts.failed) == [decoy_subject("nobody@example.com")]


def test_same_user_keeps_the_sid_and_gets_a_new_cookie(login: LoginUseCases) -> None:
    """The same user's next sign-in in this browser keeps sid and `gave_code`, and the old cookie is over."""
    first = login.signed_in()
    given = replace(first.session, gave_code=True)
    login.stores.sessions.stored[given.key_hash] = given
    second = login.sign_in.attempt(attempt(replaced=given))
    assert isinstance(second, SignedIn)
    assert second.session_cookie != first.session_cookie
    assert (second.session.session_id, second.session.gave_code) == (first.session.session_id, True)
    assert list(login.stores.sessions.stored) == [second.session.key_hash]
    assert login.revocations.writes == []


def test_revoked_sid_is_never_used_again(login: LoginUseCases) -> None:
    """A sid whose revocation is stored gives way to a new one."""
    first = login.signed_in().session
    login.revocations.store(Revocation(Target.of(TargetKind.SESSION, first.session_id), expires_at=2**40))
    second = login.sign_in.attempt(attempt(replaced=first))
    assert isinstance(second, SignedIn)
    assert second.session.session_id != first.session_id


def test_session_that_is_over_gives_no_sid(login: LoginUseCases) -> None:
    """A session beyond its end is replaced by one with a new sid."""
    first = login.signed_in().session
    login.clock.seconds += 604_800
    second = login.sign_in.attempt(attempt(replaced=first))
    assert isinstance(second, SignedIn)
    assert second.session.session_id != first.session_id


def test_another_user_ends_the_session_of_this_browser(login: LoginUseCases) -> None:
    """Another user's session in this browser is revoked if it gave a code, and deleted by the sign-in."""
    login.add_user(BOB, "bob@example.com")
    first = replace(login.signed_in().session, gave_code=True)
    login.stores.sessions.stored[first.key_hash] = first
    second = login.sign_in.attempt(attempt(email="bob@example.com", replaced=first))
    assert isinstance(second, SignedIn)
    assert second.session.session_id != first.session_id
    assert list(login.stores.sessions.stored) == [second.session.key_hash]
    assert [written.target.key for written, _, _ in login.revocations.writes] == [f"sid#{first.session_id}"]


def test_another_users_session_without_a_code_is_deleted_alone(login: LoginUseCases) -> None:
    """Two users who sign in by turns in one browser, without an application, leave the feed empty."""
    login.add_user(BOB, "bob@example.com")
    first = login.signed_in().session
    assert isinstance(login.sign_in.attempt(attempt(email="bob@example.com", replaced=first)), SignedIn)
    assert first.key_hash not in login.stores.sessions.stored
    assert login.revocations.writes == []


def test_wrong_password_leaves_the_session_of_this_browser(login: LoginUseCases) -> None:
    """A failed sign-in changes no session."""
    first = login.signed_in().session
    assert login.sign_in.attempt(attempt(password="wrong", replaced=first)) == WRONG
    assert login.stores.sessions.stored == {first.key_hash: first}


def test_auth_time_lies_after_a_cutoff_of_the_moment(login: LoginUseCases) -> None:
    """A sign-in in the second of a cutoff waits, so that the cutoff cannot hit it (ADR 5)."""
    cutoff = int(login.clock.seconds) + 1
    login.revocations.store(Revocation(Target.of(TargetKind.SUBJECT, ADA), not_before=cutoff, expires_at=2**40))
    assert login.signed_in().session.auth_time == cutoff + 1


def test_cutoff_far_ahead_is_a_fault(login: LoginUseCases) -> None:
    """A cutoff that a wrong clock wrote stops sign-ins instead of being overlooked."""
    cutoff = int(login.clock.seconds) + 60
    login.revocations.store(Revocation(Target.of(TargetKind.GLOBAL, "0"), not_before=cutoff, expires_at=2**40))
    with pytest.raises(StoreUnavailable):
        login.try_password()
    assert login.stores.sessions.stored == {}


def test_cutoff_that_a_crash_lost_is_written_by_the_next_sign_in(login: LoginUseCases) -> None:
    """A changed password whose cutoff is missing gets it before its first session starts."""
    changed_at = int(login.clock.seconds) - 100
    login.stores.passwords.stored[ADA] = replace(login.credential(), revision=1, changed_at=changed_at)
    session = login.signed_in().session
    ((written, _, _),) = login.revocations.writes
    assert written.target.key == f"sub#{ADA}"
    assert written.not_before is not None
    assert changed_at <= written.not_before < session.auth_time
    login.signed_in()
    assert len(login.revocations.writes) == 1


def test_change_older_than_every_refresh_token_needs_no_cutoff(login: LoginUseCases) -> None:
    """A cutoff that TTL has removed is not written again at each sign-in."""
    login.stores.passwords.stored[ADA] = replace(login.credential(), revision=1, changed_at=1)
    login.signed_in()
    assert login.revocations.writes == []


def test_password_is_hashed_again_at_a_higher_cost(login: LoginUseCases) -> None:
    """A sign-in stores the password at today's cost, and keeps revision, time and user."""
    before = login.credential()
    login.compose(Argon2Parameters(memory=16))
    login.signed_in()
    after = login.credential()
    assert after.parameters == Argon2Parameters(memory=16)
    assert (after.revision, after.changed_at) == (before.revision, before.changed_at)
    assert isinstance(login.try_password(), SignedIn)
    login.compose(CHEAP)
    login.signed_in()
    assert login.credential() == after


def test_interaction_gets_its_mark_in_the_same_write(login: LoginUseCases) -> None:
    """A sign-in for an interaction writes sid and time into it."""
    asked = interaction(login)
    result = login.sign_in.attempt(attempt(interaction=asked))
    assert isinstance(result, SignedIn)
    marked = login.stores.interactions.stored[asked.key_hash]
    assert (marked.session_id, marked.authenticated_at) == (result.session.session_id, result.session.auth_time)


def test_used_interaction_starts_no_session(login: LoginUseCases) -> None:
    """An interaction that was used meanwhile leaves neither session nor mark."""
    asked = interaction(login)
    used = replace(asked, grant_id="g")
    login.stores.interactions.stored[asked.key_hash] = used
    assert login.sign_in.attempt(attempt(interaction=asked)) == SignInRefused(reason=SignInRefusal.CHANGED)
    assert login.stores.sessions.stored == {}
    assert login.stores.interactions.stored[asked.key_hash] == used


@pytest.mark.parametrize("change", ["disable", "password", "erase"])
def test_change_that_races_with_sign_in_leaves_no_session(login: LoginUseCases, change: str) -> None:
    """Disable, password change and erase that race with a sign-in leave no session (login.md, Property)."""
    stores = login.stores

    def race() -> None:
        if change == "password":
            stores.passwords.stored[ADA] = replace(stores.passwords.stored[ADA], revision=1)
        elif change == "erase":
            stores.passwords.stored.pop(ADA, None)
        else:
            authority = stores.authorities.stored[ADA]
            stores.authorities.stored[ADA] = replace(authority, status=Status.DISABLED, revision=1)

    login.revocations.before = race
    assert login.try_password() == SignInRefused(reason=SignInRefusal.CHANGED)
    assert stores.sessions.stored == {}


def test_code_that_is_given_meanwhile_keeps_the_old_session(login: LoginUseCases) -> None:
    """A session that gives its first code while it is replaced is read again: otherwise its sid would stay valid."""
    first = login.signed_in().session
    login.stores.sessions.stored[first.key_hash] = replace(first, gave_code=True)
    assert login.sign_in.attempt(attempt(replaced=first)) == SignInRefused(reason=SignInRefusal.CHANGED)


def test_nothing_is_shown_of_password_and_address() -> None:
    """An attempt and its result show neither password nor address nor cookie in a traceback."""
    assert PASSWORD not in repr(attempt())
    assert EMAIL not in repr(attempt())
    login = LoginUseCases()
    login.add_user()
    signed_in = login.signed_in()
    assert signed_in.session_cookie not in repr(signed_in)


def test_sessions_of_two_users_never_mix(login: LoginUseCases) -> None:
    """A forged `replaced` session of a third user gives no sid of that user."""
    login.add_user(BOB, "bob@example.com")
    foreign = Session(
        key_hash="f" * 64,
        session_id="foreign",
        subject=BOB,
        auth_time=1,
        created_at=1,
        last_used_at=1,
        idle_seconds=2**31,
        expires_at=2**40,
    )
    result = login.sign_in.attempt(attempt(replaced=foreign))
    assert isinstance(result, SignedIn)
    assert result.session.session_id != "foreign"
