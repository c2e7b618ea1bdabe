"""One-time links: opened any number of times, used once, and only while user and password are unchanged."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from keyturn.domain.credentials.buckets import MAX_FAILURES
from keyturn.domain.credentials.link import FIRST_LINK_LIFETIME, LINK_LIFETIME
from keyturn.domain.credentials.password_policy import Weakness
from keyturn.domain.errors import StoreUnavailable
from keyturn.domain.users.authority import Status
from login.links import LinkRefusal, LinkRefused
from login.session_start import SignedIn
from login.sign_in import SignInRefusal, SignInRefused
from tests.fakes.login_use_cases import ADA, COMMON_PASSWORD, NEW_PASSWORD, PASSWORD, LoginUseCases

OVER = LinkRefused(reason=LinkRefusal.OVER)


def made(login: LoginUseCases) -> str:
    issued = login.links.create(ADA)
    assert issued is not None
    return issued.value


def test_first_link_lives_for_days_and_a_reset_for_minutes(login: LoginUseCases) -> None:
    """A link for a first password holds for 7 days, one for another password for 15 minutes."""
    now = int(login.clock.now().latest)
    reset = login.links.create(ADA)
    login.add_user(password=None)
    del login.stores.passwords.stored[ADA]
    first = login.links.create(ADA)
    assert reset is not None
    assert first is not None
    assert (reset.expires_at - now, first.expires_at - now) == (LINK_LIFETIME, FIRST_LINK_LIFETIME) == (900, 604_800)


def test_link_is_stored_as_its_hash(login: LoginUseCases) -> None:
    """The value of a link, 256 bits, is nowhere in what is stored."""
    value = made(login)
    assert len(value) == 43
    assert value not in repr(login.stores.passwords.links)
    assert value not in repr(login.links.create(ADA))


def test_opening_changes_nothing(login: LoginUseCases) -> None:
    """A mail scanner that follows the link does not use it up."""
    value = made(login)
    for _ in range(3):
        user = login.links.open(value)
        assert user is not None
        assert user.subject == ADA
    assert login.links.use(value, NEW_PASSWORD) is None


def test_link_sets_the_password_once(login: LoginUseCases) -> None:
    """A used link is over, and the new password is the only one."""
    value = made(login)
    assert login.links.use(value, NEW_PASSWORD) is None
    assert login.links.use(value, PASSWORD + " again") == OVER
    assert login.links.open(value) is None
    assert isinstance(login.try_password(NEW_PASSWORD), SignedIn)
    assert login.try_password(PASSWORD) == SignInRefused(reason=SignInRefusal.WRONG)


def test_reset_ends_every_session_and_grant(login: LoginUseCases) -> None:
    """A reset writes a revocation cutoff for the subject, and deletes the sessions and the known browsers."""
    login.signed_in()
    assert login.links.use(made(login), NEW_PASSWORD) is None
    (_, *first), (written, *second) = login.revocations.writes
    assert first == second == ["password_changed", ADA]
    assert written.target.key == f"sub#{ADA}"
    assert written.not_before is not None
    assert written.not_before >= login.credential().changed_at
    assert not login.stores.sessions.stored
    assert not login.stores.known_browsers.stored
    assert login.credential().revision == 1


def test_first_password_revokes_nothing(login: LoginUseCases) -> None:
    """A first password writes no revocation, so that ten thousand new users leave the feed empty."""
    login.add_user(password=None)
    del login.stores.passwords.stored[ADA]
    assert login.links.use(made(login), NEW_PASSWORD) is None
    login.signed_in(NEW_PASSWORD)
    assert login.revocations.writes == []
    assert login.credential().revision == 0


def test_weak_password_keeps_the_link(login: LoginUseCases) -> None:
    """A password that breaks a rule changes nothing, and the link still holds."""
    value = made(login)
    before = login.credential()
    assert login.links.use(value, "short") == LinkRefused(reason=LinkRefusal.WEAK, weakness=Weakness.TOO_SHORT)
    weak = LinkRefused(reason=LinkRefusal.WEAK, weakness=Weakness.COMMON)
    assert login.links.use(value, COMMON_PASSWORD.upper()) == weak
    assert login.credential() == before
    assert login.links.use(value, NEW_PASSWORD) is None


def test_new_link_replaces_the_earlier_ones(login: LoginUseCases) -> None:
    """A link that went to a wrong reader is over as soon as the operator makes another one."""
    first, second = made(login), made(login)
    assert login.links.open(first) is None
    assert login.links.use(first, PASSWORD + " again") == OVER
    assert login.links.use(second, NEW_PASSWORD) is None


@pytest.mark.parametrize("change", ["expired", "disabled", "erased", "profile", "password", "gone"])
def test_link_is_over_when_something_changed(login: LoginUseCases, change: str) -> None:
    """A link holds only for the user and the password that it was made for."""
    value = made(login)
    stores = login.stores
    if change == "expired":
        login.clock.seconds += LINK_LIFETIME
    elif change == "profile":
        stores.users.stored[ADA] = replace(stores.users.stored[ADA], revision=2)
    elif change == "password":
        stores.passwords.stored[ADA] = replace(login.credential(), revision=1)
    elif change == "gone":
        del stores.users.stored[ADA]
    else:
        stores.authorities.stored[ADA] = replace(stores.authorities.stored[ADA], status=Status(change))
    before = dict(stores.passwords.stored)
    assert login.links.open(value) is None
    assert login.links.use(value, NEW_PASSWORD) == OVER
    assert stores.passwords.stored == before


@pytest.mark.parametrize("value", ["", "x" * 43, "\ud800", "x" * 10_000, "l#x"])
def test_unknown_link_is_over(login: LoginUseCases, value: str) -> None:
    """The value of an unknown link is refused."""
    assert login.links.open(value) is None
    assert login.links.use(value, NEW_PASSWORD) == OVER


@pytest.mark.parametrize("status", [Status.DISABLED, Status.ERASED])
def test_user_who_may_not_sign_in_gets_no_link(login: LoginUseCases, status: Status) -> None:
    """A disabled, an erased and an unknown user get no link."""
    login.add_user(status=status)
    assert login.links.create(ADA) is None
    assert login.links.create("u_BobBobBobBobBobBobBobB1") is None
    assert login.stores.passwords.links == {}


def test_race_in_the_transaction_is_over(login: LoginUseCases) -> None:
    """A change between the reads and the write leaves the password as it is."""
    value = made(login)
    real = login.stores.pepper.mac

    def race(key: str, message: bytes) -> bytes:
        login.stores.authorities.stored[ADA] = replace(
            login.stores.authorities.stored[ADA], status=Status.DISABLED, revision=1
        )
        return real(key, message)

    before = login.credential()
    login.stores.pepper.mac = race  # type: ignore[method-assign]
    assert login.links.use(value, NEW_PASSWORD) == OVER
    assert login.credential() == before


def test_link_unlocks(login: LoginUseCases) -> None:
    """A password that was chosen by a link works from unknown browsers again (NIST SP 800-63B-4 §3.2.2)."""
    login.stores.attempts.failed[ADA] = MAX_FAILURES
    assert login.links.use(made(login), NEW_PASSWORD) is None
    assert isinstance(login.try_password(NEW_PASSWORD), SignedIn)


def test_link_outlives_a_revocation_table_that_is_away(login: LoginUseCases) -> None:
    """A reset whose first cutoff fails changes nothing, and the link works afterwards."""
    value, before = made(login), login.credential()
    login.revocations.fault = StoreUnavailable("away")
    with pytest.raises(StoreUnavailable):
        login.links.use(value, NEW_PASSWORD)
    assert login.credential() == before
    login.revocations.fault = None
    assert login.links.use(value, NEW_PASSWORD) is None


def test_crash_before_the_second_cutoff_is_made_good_by_the_next_sign_in(login: LoginUseCases) -> None:
    """A reset whose second cutoff was lost is finished before the new password gives a session."""
    login.signed_in()
    value, real = made(login), login.stores.sign_ins.change_password

    def crash(*args: Any, **kwargs: Any) -> bool:
        login.revocations.fault = StoreUnavailable("away")
        return real(*args, **kwargs)

    login.stores.sign_ins.change_password = crash  # type: ignore[method-assign]
    with pytest.raises(StoreUnavailable):
        login.links.use(value, NEW_PASSWORD)
    with pytest.raises(StoreUnavailable):
        login.try_password(NEW_PASSWORD)
    login.revocations.fault = None
    session = login.signed_in(NEW_PASSWORD).session
    _, (written, _, _) = login.revocations.writes
    assert written.not_before is not None
    assert login.credential().changed_at <= written.not_before < session.auth_time
