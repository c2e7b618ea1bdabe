"""Each port away at each call: no session without its proof, and the same request works afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from keyturn.domain.credentials.password import Argon2Parameters
from keyturn.domain.errors import StoreUnavailable
from login.password_change import PasswordChange
from login.session_start import SignedIn
from tests.fakes.login_use_cases import ADA, NEW_PASSWORD, PASSWORD, LoginUseCases

PORTS = ("authorities", "sessions", "known_browsers", "attempts", "pepper", "users", "passwords", "sign_ins")
AWAY = "the store is away"


def sign_in(login: LoginUseCases) -> Callable[[], object]:
    login.compose(Argon2Parameters(memory=16))
    return lambda: login.try_password(device="d" * 43)


def wrong_password(login: LoginUseCases) -> Callable[[], object]:
    return lambda: login.try_password("wrong", device="d" * 43)


def change_password(login: LoginUseCases) -> Callable[[], object]:
    session = login.signed_in().session
    asked = PasswordChange(session=session, current=PASSWORD, new=NEW_PASSWORD)
    return lambda: login.change_password.change(asked)


def use_link(login: LoginUseCases) -> Callable[[], object]:
    issued = login.links.create(ADA)
    assert issued is not None
    return lambda: login.links.use(issued.value, NEW_PASSWORD)


def sign_out_everywhere(login: LoginUseCases) -> Callable[[], object]:
    session = login.signed_in().session
    return lambda: login.everywhere.end_others(session, device=None)


CASES = [sign_in, wrong_password, change_password, use_link, sign_out_everywhere]


def faults(case: Callable[[LoginUseCases], Callable[[], object]]) -> Iterator[tuple[str, str, int]]:
    """Yield every call of the case: port, method and its number."""
    login = LoginUseCases()
    login.add_user()
    run = case(login)
    for port in PORTS:
        getattr(login.stores, port).calls.clear()
    run()
    for port, calls in login.calls().items():
        for method in dict.fromkeys(calls):
            for number in range(1, calls.count(method) + 1):
                yield port, method, number


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_fault_at_each_call_grants_nothing(case: Callable[[LoginUseCases], Callable[[], object]], after: bool) -> None:
    """A fault before or after any call raises; user and password still fit, and the user can sign in by one of them."""
    seen = list(faults(case))
    assert len(seen) >= 5
    for port, method, number in seen:
        login = LoginUseCases()
        login.add_user()
        run = case(login)
        before = set(login.stores.sessions.stored)
        getattr(login.stores, port).plan(method, StoreUnavailable(AWAY), call=number, after=after)
        with pytest.raises(StoreUnavailable, match=AWAY):
            run()
        # A session whose write was answered by a fault has a cookie that nobody knows.
        unknown = set(login.stores.sessions.stored) - before
        assert len(unknown) <= (1 if (method, after) == ("sign_in", True) else 0), (port, method, number)
        login.clock.seconds += 2000
        new, old = login.try_password(NEW_PASSWORD), login.try_password(PASSWORD)
        assert isinstance(new, SignedIn) != isinstance(old, SignedIn), (port, method, number)


@pytest.mark.parametrize("case", [sign_in, change_password, sign_out_everywhere])
def test_revocations_away_start_no_session(case: Callable[[LoginUseCases], Callable[[], object]]) -> None:
    """Without an answer about revocations no session starts."""
    login = LoginUseCases()
    login.add_user()
    run = case(login)
    before = set(login.stores.sessions.stored)
    login.revocations.fault = StoreUnavailable(AWAY)
    with pytest.raises(StoreUnavailable, match=AWAY):
        run()
    assert set(login.stores.sessions.stored) <= before
