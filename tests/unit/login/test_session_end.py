"""The end of sessions: revoke first, then delete."""

from __future__ import annotations

from dataclasses import replace

import pytest

from keyturn.domain.clients.client import MAX_REFRESH_LIFETIME
from keyturn.domain.errors import StoreUnavailable
from keyturn.domain.sessions.revocation_limit import USER_REVOCATIONS
from keyturn.domain.sessions.session import Session
from login.session_end import Ended, EndedEverywhere
from tests.fakes.login_use_cases import ADA, PASSWORD, LoginUseCases


def session_with_code(login: LoginUseCases) -> Session:
    session = replace(login.signed_in().session, gave_code=True)
    login.stores.sessions.stored[session.key_hash] = session
    return session


def test_session_without_code_writes_no_revocation(login: LoginUseCases) -> None:
    """A sid without a code is in no token: repeated sign-in and sign-out leave the feed empty."""
    for _ in range(5):
        login.end.end(login.signed_in().session, reason="signed_out", actor=ADA)
    assert login.revocations.writes == []
    assert login.stores.sessions.stored == {}


def test_session_with_code_is_revoked_for_as_long_as_a_refresh_token_lives(login: LoginUseCases) -> None:
    """A sid's revocation is kept as long as any refresh token and its last access token can live."""
    session = session_with_code(login)
    assert login.end.end(session, reason="signed_out", actor=ADA) is Ended.EVERYWHERE
    ((written, reason, actor),) = login.revocations.writes
    assert (written.target.key, reason, actor) == (f"sid#{session.session_id}", "signed_out", ADA)
    assert written.expires_at >= login.clock.seconds + MAX_REFRESH_LIFETIME + 3610
    assert login.stores.sessions.stored == {}


def test_session_is_kept_until_its_revocation_is_written(login: LoginUseCases) -> None:
    """A crash before the revocation deletes nothing, and the call may be repeated."""
    session = session_with_code(login)
    login.revocations.fault = StoreUnavailable("away")
    with pytest.raises(StoreUnavailable):
        login.end.end(session, reason="signed_out", actor=ADA)
    assert login.stores.sessions.stored == {session.key_hash: session}
    login.revocations.fault = None
    login.end.end(session, reason="signed_out", actor=ADA)
    login.end.end(session, reason="signed_out", actor=ADA)
    assert login.stores.sessions.stored == {}


def test_code_that_is_given_meanwhile_is_revoked(login: LoginUseCases) -> None:
    """A session that gives its first code while it ends is still revoked."""
    session = session_with_code(login)
    login.end.end(replace(session, gave_code=False), reason="signed_out", actor=ADA)
    assert [written.target.key for written, _, _ in login.revocations.writes] == [f"sid#{session.session_id}"]
    assert login.stores.sessions.stored == {}


def test_users_revocations_are_bounded_and_sign_out_is_not(login: LoginUseCases) -> None:
    """A user beyond the day's revocations is still signed out of this browser; an operator has no limit."""
    reaches = [
        login.end.end(session_with_code_without_limit(login), reason="signed_out", actor=ADA)
        for _ in range(USER_REVOCATIONS + 1)
    ]
    assert reaches == [Ended.EVERYWHERE] * USER_REVOCATIONS + [Ended.BROWSER_ONLY]
    assert len(login.revocations.writes) == USER_REVOCATIONS
    assert login.stores.sessions.stored == {}
    reach = login.end.end(session_with_code_without_limit(login), reason="operator", actor="operator")
    assert reach is Ended.EVERYWHERE


def session_with_code_without_limit(login: LoginUseCases) -> Session:
    login.clock.seconds += 100
    return session_with_code(login)


def test_end_of_all_cuts_off_before_it_deletes(login: LoginUseCases) -> None:
    """Sign-out everywhere writes the cutoff, forgets known browsers and deletes every session, with a code or not."""
    session_with_code(login)
    login.signed_in()
    login.stores.sessions.plan("delete", StoreUnavailable("away"))
    with pytest.raises(StoreUnavailable):
        login.end.end_all(ADA, reason="operator", actor="operator")
    ((written, _, _),) = login.revocations.writes
    assert written.target.key == f"sub#{ADA}"
    assert written.expires_at >= login.clock.seconds + MAX_REFRESH_LIFETIME
    assert login.end.end_all(ADA, reason="operator", actor="operator") == 2
    assert not login.stores.sessions.stored
    assert not login.stores.known_browsers.stored


def test_session_that_gives_a_code_while_all_end_is_deleted(login: LoginUseCases) -> None:
    """The cutoff ends a session that gave its first code after it was listed: its item goes too."""
    session = session_with_code(login)

    def stale(subject: str) -> tuple[Session, ...]:
        return (replace(session, gave_code=False),)

    login.stores.sessions.list = stale  # type: ignore[method-assign]
    assert login.end.end_all(ADA, reason="operator", actor="operator") == 1
    assert not login.stores.sessions.stored


def test_fresh_browser_stays_signed_in(login: LoginUseCases) -> None:
    """Sign-out everywhere gives a freshly signed-in browser a new session after the cutoff."""
    login.signed_in()
    here = login.signed_in()
    result = login.everywhere.end_others(here.session, device=here.device_cookie)
    assert result.signed_in is not None
    ((written, _, _),) = login.revocations.writes
    assert written.not_before is not None
    assert written.not_before < result.signed_in.session.auth_time
    assert list(login.stores.sessions.stored) == [result.signed_in.session.key_hash]
    assert result.signed_in.device_cookie == here.device_cookie


def test_sign_out_everywhere_renews_no_sign_in(login: LoginUseCases) -> None:
    """A thief of a fresh session gets neither a later absolute end nor a further fresh session without a password."""
    first = login.signed_in().session
    login.clock.seconds += 200
    second = login.everywhere.end_others(first, device=None).signed_in
    assert second is not None
    assert second.session.expires_at == first.expires_at
    login.clock.seconds += 200
    assert login.everywhere.end_others(second.session, device=None) == EndedEverywhere()


def test_stale_browser_signs_in_again(login: LoginUseCases) -> None:
    """An old sign-in gets no new `auth_time` without a password."""
    here = login.signed_in()
    login.clock.seconds += 301
    assert login.everywhere.end_others(here.session, device=None) == EndedEverywhere()
    assert login.stores.sessions.stored == {}


def test_user_beyond_the_limit_waits(login: LoginUseCases) -> None:
    """Sign-out everywhere beyond the day's revocations changes nothing, and says how long to wait."""
    for _ in range(USER_REVOCATIONS):
        login.clock.seconds += 100
        login.everywhere.end_others(login.signed_in(PASSWORD).session, device=None)
    login.clock.seconds += 1000
    here = login.signed_in()
    result = login.everywhere.end_others(here.session, device=None)
    assert 0 < result.retry_after <= 86_400
    assert here.session.key_hash in login.stores.sessions.stored
