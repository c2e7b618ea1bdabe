"""The change of a password by its user."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from keyturn.domain.credentials.password_policy import Weakness
from keyturn.domain.errors import StoreUnavailable
from keyturn.domain.sessions.revocation_limit import USER_REVOCATIONS
from keyturn.domain.users.authority import Status
from login.password_change import ChangeRefusal, ChangeRefused, PasswordChange
from login.session_start import SignedIn
from tests.fakes.login_use_cases import ADA, LIMITS, NEW_PASSWORD, PASSWORD, LoginUseCases


def change(login: LoginUseCases, at: SignedIn, current: str = PASSWORD, new: str = NEW_PASSWORD) -> object:
    asked = PasswordChange(session=at.session, current=current, new=new, device=at.device_cookie)
    return login.change_password.change(asked)


def cutoffs_of(login: LoginUseCases) -> list[int]:
    """Return the revocation cutoffs of the user, as they were written."""
    written = [revocation for revocation, _, _ in login.revocations.writes]
    assert {each.target.key for each in written} <= {f"sub#{ADA}"}
    return [each.not_before or 0 for each in written]


def test_change_ends_other_sessions_and_keeps_this_browser(login: LoginUseCases) -> None:
    """After a change this browser alone has a session, with a new cookie and sid, later than the cutoff."""
    login.signed_in()
    here = login.signed_in()
    result = change(login, here)
    assert isinstance(result, SignedIn)
    assert list(login.stores.sessions.stored) == [result.session.key_hash]
    assert result.session.session_id != here.session.session_id
    cutoffs = cutoffs_of(login)
    assert len(cutoffs) == 2
    assert cutoffs[0] < login.credential().changed_at <= cutoffs[1] < result.session.auth_time
    assert result.device_cookie == here.device_cookie
    assert len(login.stores.known_browsers.stored) == 1
    assert isinstance(login.try_password(NEW_PASSWORD), SignedIn)


def test_fresh_sign_in_is_needed(login: LoginUseCases) -> None:
    """A sign-in that is older than five minutes changes nothing (login.md, Changes)."""
    here = login.signed_in()
    login.clock.seconds += 299
    assert change(login, here, current="wrong") == ChangeRefused(reason=ChangeRefusal.WRONG)
    login.clock.seconds += 1
    assert change(login, here) == ChangeRefused(reason=ChangeRefusal.STALE)


def test_current_password_is_needed(login: LoginUseCases) -> None:
    """A wrong current password changes nothing, and the guesses are bounded before hashing."""
    here = login.signed_in()
    before, hashed = login.credential(), len(login.stores.pepper.calls)
    for _ in range(LIMITS.per_device):
        assert change(login, here, current="wrong") == ChangeRefused(reason=ChangeRefusal.WRONG)
    refused = change(login, here)
    assert isinstance(refused, ChangeRefused)
    assert refused.reason is ChangeRefusal.THROTTLED
    assert refused.retry_after > 0
    assert login.credential() == before
    assert len(login.stores.pepper.calls) == hashed + LIMITS.per_device


def test_weak_password_costs_no_guess(login: LoginUseCases) -> None:
    """R62: A new password that breaks a rule is refused with the rule."""
    here = login.signed_in()
    refused = ChangeRefused(reason=ChangeRefusal.WEAK, weakness=Weakness.CONTEXT)
    assert change(login, here, new="Ada Lovelace 1815") == refused


@pytest.mark.parametrize("status", [Status.DISABLED, Status.ERASED])
def test_user_who_may_not_sign_in_changes_nothing(login: LoginUseCases, status: Status) -> None:
    """A session of a user who was disabled changes no password."""
    here = login.signed_in()
    login.stores.authorities.stored[ADA] = replace(login.stores.authorities.stored[ADA], status=status)
    assert change(login, here) == ChangeRefused(reason=ChangeRefusal.WRONG)


def test_race_of_two_changes_has_one_winner(login: LoginUseCases) -> None:
    """The revision refuses one of two changes at once; the user is signed out by then."""
    here = login.signed_in()
    real = login.stores.sign_ins.change_password
    login.stores.sign_ins.change_password = lambda *_, **__: False  # type: ignore[method-assign]
    assert change(login, here) == ChangeRefused(reason=ChangeRefusal.CHANGED)
    login.stores.sign_ins.change_password = real  # type: ignore[method-assign]
    assert login.credential().revision == 0
    assert [cutoff >= here.session.auth_time for cutoff in cutoffs_of(login)] == [True]


def test_change_takes_none_of_the_users_revocations(login: LoginUseCases) -> None:
    """A thief of a session who knows the password cannot empty the bucket that the user needs to end sessions."""
    current, new = PASSWORD, NEW_PASSWORD
    for _ in range(USER_REVOCATIONS + 1):
        login.clock.seconds += LIMITS.window
        assert isinstance(change(login, login.signed_in(current), current, new), SignedIn)
        current, new = new, current
    assert not any(bucket.startswith("revocations#") for bucket, _ in login.stores.attempts.taken)


def test_crash_before_the_first_cutoff_changes_nothing(login: LoginUseCases) -> None:
    """Without an answer about the cutoff the password stays, and so do the sessions."""
    here, before = login.signed_in(), login.credential()
    login.revocations.fault = StoreUnavailable("away")
    with pytest.raises(StoreUnavailable):
        change(login, here)
    assert login.credential() == before
    assert list(login.stores.sessions.stored) == [here.session.key_hash]


@pytest.mark.parametrize("after", [False, True])
def test_crash_at_the_new_password_leaves_no_session(login: LoginUseCases, after: bool) -> None:
    """The cutoff comes before the password: no crash leaves both a new password and an old session."""
    here = login.signed_in()
    login.stores.sign_ins.plan("change_password", StoreUnavailable("away"), after=after)
    with pytest.raises(StoreUnavailable):
        change(login, here)
    assert [cutoff >= here.session.auth_time for cutoff in cutoffs_of(login)] == [True]
    assert login.credential().revision == int(after)
    assert isinstance(login.try_password(NEW_PASSWORD if after else PASSWORD), SignedIn)


@pytest.mark.parametrize("crash", [False, True])
def test_sign_in_between_cutoff_and_password_is_ended(login: LoginUseCases, crash: bool) -> None:
    """The second cutoff ends a thief's sign-in by the old password after the first one, even after a crash."""
    here, real = login.signed_in(), login.stores.sign_ins.change_password
    thief: list[int] = []

    def race(*args: Any, **kwargs: Any) -> bool:
        login.clock.seconds += 3
        thief.append(login.signed_in().session.auth_time)
        changed = real(*args, **kwargs)
        login.revocations.fault = StoreUnavailable("away") if crash else None
        return changed

    login.stores.sign_ins.change_password = race  # type: ignore[method-assign]
    if crash:
        with pytest.raises(StoreUnavailable):
            change(login, here)
        login.revocations.fault = None
        assert cutoffs_of(login)[-1] < thief[0]
        login.signed_in(NEW_PASSWORD)
    else:
        assert isinstance(change(login, here), SignedIn)
    assert len(cutoffs_of(login)) == 2
    assert cutoffs_of(login)[-1] >= thief[0]


def test_new_password_without_a_session_says_so(login: LoginUseCases) -> None:
    """A change of the user between the new password and the new session is reported as a saved password."""
    here = login.signed_in()
    login.stores.sign_ins.sign_in = lambda *_, **__: False  # type: ignore[method-assign]
    assert change(login, here) == ChangeRefused(reason=ChangeRefusal.SAVED)
    assert login.credential().revision == 1
