"""Known browsers sign in despite an attacker's attempts in any order, and a flood stays within its bounds."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from keyturn.domain.credentials.buckets import MAX_FAILURES, AttemptLimits
from login.session_start import SignedIn
from login.sign_in import SignInRefused
from tests.fakes.login_use_cases import ADA, PASSWORD, LoginUseCases

LIMITS = AttemptLimits(per_account=2, per_device=3, per_address=4, window=60)

_ADDRESSES = st.one_of(
    st.integers(0, 2**32 - 1).map(lambda number: ".".join(str(number >> shift & 255) for shift in (24, 16, 8, 0))),
    st.integers(0, 2**64 - 1).map(lambda number: f"2001:db8:{number & 0xFFFF:x}:{number >> 48:x}::{number & 0xFF:x}"),
    st.sampled_from(["192.0.2.7", "2001:db8::1", "unknown"]),
)
_ATTACKS = st.tuples(
    _ADDRESSES,
    st.sampled_from(["ada@example.com", "nobody@example.com"]),
    st.one_of(st.none(), st.text("abcdefgh", min_size=43, max_size=43)),
    st.sampled_from([0, 0, 0, 1, 61]),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(_ATTACKS, max_size=60))
def test_no_attacker_stops_a_known_browser(attacks: list[tuple[str, str, str | None, int]]) -> None:
    """R65: any number of browsers and addresses, at any pace: the user's known browser signs in at once afterwards."""
    login = LoginUseCases(limits=LIMITS)
    login.add_user()
    device = login.signed_in().device_cookie
    login.clock.seconds += LIMITS.window
    for address, email, forged, pause in attacks:
        login.clock.seconds += pause
        assert not isinstance(login.try_password("wrong", email=email, address=address, device=forged), SignedIn)
    assert isinstance(login.try_password(address="192.0.2.7", device=device), SignedIn)


@settings(max_examples=15, deadline=None)
@given(st.integers(MAX_FAILURES, MAX_FAILURES + 40))
def test_locked_password_works_in_known_browsers_alone(failures: int) -> None:
    """After 100 failures in a row the right password gives no session to any unknown browser (R65, NIST §3.2.2)."""
    login = LoginUseCases(limits=LIMITS)
    login.add_user()
    device = login.signed_in().device_cookie
    login.stores.attempts.failed[ADA] = failures
    for number in range(20):
        login.clock.seconds += LIMITS.window
        assert not isinstance(login.try_password(address=f"198.51.100.{number}"), SignedIn)
        assert isinstance(login.try_password(address=f"198.51.100.{number}", device=device), SignedIn)


@dataclass
class _Flood:
    """One attempt after another within one window."""

    login: LoginUseCases
    spent: Counter[str] = field(default_factory=Counter)

    def run(self, attempts: int, *, accounts: int, addresses: int) -> None:
        for number in range(attempts):
            self.login.try_password(
                "wrong",
                email=f"user{number % accounts}@example.com",
                address=f"10.0.{number % addresses // 256}.{number % addresses % 256}",
            )
        for port, calls in self.login.calls().items():
            self.spent += Counter(f"{port}.{method}" for method in calls)


def test_flood_from_one_address_stays_at_its_bound() -> None:
    """R65: 10,000 wrong passwords from one address cost as many hashes as its bucket, and four calls each besides."""
    flood = _Flood(LoginUseCases(limits=AttemptLimits(per_address=100, window=900)))
    flood.run(10_000, accounts=5_000, addresses=1)
    assert flood.spent["pepper.mac"] == flood.spent["attempts.fail"] == flood.spent["authorities.get"] == 100
    assert sum(flood.spent.values()) <= 10_000 * 4 + 100 * 6
    assert len(flood.login.stores.attempts.taken) <= 1 + 100


def test_flood_from_ten_thousand_addresses_stays_at_the_accounts_bound() -> None:
    """R65: wrong passwords for one account from 10,000 addresses cost as many hashes as the account's bucket."""
    login = LoginUseCases(limits=AttemptLimits(window=900))
    login.add_user(email="user0@example.com")
    device = login.try_password(PASSWORD, email="user0@example.com")
    assert isinstance(device, SignedIn)
    flood = _Flood(login)
    flood.run(10_000, accounts=1, addresses=10_000)
    assert flood.spent["pepper.mac"] == 10
    assert flood.spent["sign_ins.sign_in"] == 1
    after = login.try_password(PASSWORD, email="user0@example.com", device=device.device_cookie)
    assert not isinstance(after, SignInRefused)
