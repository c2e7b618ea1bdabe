"""Throttling of sign-ins: it bounds guessers, and lets no user lock out another one (login.md, Rules)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from keyturn.domain.credentials.buckets import MAX_FAILURES, AttemptLimits
from keyturn.domain.sessions.session import hash_cookie
from login.session_start import SignedIn
from login.sign_in import SignInRefusal, SignInRefused
from tests.fakes.login_use_cases import ADA, EMAIL, LIMITS, PASSWORD, LoginUseCases


def is_throttled(result: SignedIn | SignInRefused) -> bool:
    return isinstance(result, SignInRefused) and result.reason is SignInRefusal.THROTTLED


def next_window(login: LoginUseCases) -> None:
    login.clock.seconds += LIMITS.window


def test_account_bucket_stops_unknown_browsers(login: LoginUseCases) -> None:
    """R65: NIST SP 800-63B-4 §3.2.2: guesses at one account are bounded, from however many addresses they come."""
    results = [login.try_password("wrong", address=f"198.51.100.{number}") for number in range(30)]
    assert [is_throttled(result) for result in results] == [False] * 10 + [True] * 20
    refused = login.try_password(address="203.0.113.9")
    assert isinstance(refused, SignInRefused)
    assert 0 < refused.retry_after <= LIMITS.window
    next_window(login)
    assert isinstance(login.try_password(), SignedIn)


def test_address_bucket_stops_one_address(login: LoginUseCases) -> None:
    """R65: Guesses from one address are bounded, at however many accounts they aim."""
    results = [login.try_password("wrong", email=f"user{number}@example.com") for number in range(150)]
    assert [is_throttled(result) for result in results].index(True) == 100
    assert isinstance(login.try_password(address="203.0.113.9"), SignedIn)


def test_throttled_account_reads_the_same_for_strangers(login: LoginUseCases) -> None:
    """R64: An account that nobody has is throttled like one that exists."""
    answers = []
    for email in (EMAIL, "nobody@example.com"):
        answers.append([login.try_password("wrong", email=email, address=f"198.51.100.{n}") for n in range(12)])
    assert answers[0] == answers[1]


def test_empty_bucket_costs_no_hash(login: LoginUseCases) -> None:
    """R65: Buckets are taken before hashing: beyond them neither Argon2id nor KMS is asked."""
    for number in range(1000):
        login.try_password("wrong", address=f"198.51.100.{number % 250}")
    assert login.stores.pepper.calls == ["mac"] * 10
    assert len(login.stores.attempts.failed) == 1


def test_known_browser_goes_on_while_others_guess(login: LoginUseCases) -> None:
    """R65: OWASP device cookies: a known browser has a bucket of its own, and nobody else's guesses stop it."""
    device = login.signed_in().device_cookie
    for number in range(500):
        login.try_password("wrong", address=f"198.51.100.{number % 250}")
    assert is_throttled(login.try_password())
    assert isinstance(login.try_password(device=device), SignedIn)


def test_known_browser_is_bounded_by_itself(login: LoginUseCases) -> None:
    """R65: A stolen device cookie gives only the guesses of its own bucket, and locks no other browser."""
    device = login.signed_in().device_cookie
    next_window(login)
    results = [login.try_password("wrong", device=device) for _ in range(20)]
    assert sum(not is_throttled(result) for result in results) == LIMITS.per_device
    assert isinstance(login.try_password(address="203.0.113.9"), SignedIn)
    assert login.stores.attempts.failed == {}


def test_device_cookie_of_somebody_else_is_unknown(login: LoginUseCases) -> None:
    """A device that is known for one user gives no bucket for another."""
    device = login.signed_in().device_cookie
    login.add_user("u_BobBobBobBobBobBobBobB1", "bob@example.com")
    results = [
        login.try_password("wrong", email="bob@example.com", address=f"198.51.100.{number}", device=device)
        for number in range(12)
    ]
    assert is_throttled(results[-1])


def test_one_browser_is_known_for_several_users(login: LoginUseCases) -> None:
    """The device cookie stays the same when a second user signs in, and both are known."""
    device = login.signed_in().device_cookie
    login.add_user("u_BobBobBobBobBobBobBobB1", "bob@example.com")
    bob = login.try_password(email="bob@example.com", device=device)
    assert isinstance(bob, SignedIn)
    assert bob.device_cookie == device
    assert {subject for subject, _ in login.stores.known_browsers.stored} == {ADA, "u_BobBobBobBobBobBobBobB1"}


@pytest.mark.parametrize("device", ["", "short", "x" * 44, "x" * 42 + "=", "\ud800" * 43])
def test_malformed_device_cookie_is_replaced(login: LoginUseCases, device: str) -> None:
    """A device cookie that the login did not write is replaced."""
    cookie = login.signed_in(device=device).device_cookie
    assert cookie != device
    assert list(login.stores.known_browsers.stored) == [(ADA, hash_cookie(cookie))]


def test_device_is_forgotten_by_time(login: LoginUseCases) -> None:
    """A known browser is known for 400 days."""
    device = login.signed_in().device_cookie
    ((revision, expires_at),) = login.stores.known_browsers.stored.values()
    assert (revision, expires_at) == (0, int(login.clock.seconds) + 400 * 86_400)
    login.clock.seconds += 400 * 86_400
    for number in range(11):
        login.try_password("wrong", address=f"198.51.100.{number}", device=device)
    assert is_throttled(login.try_password(device=device))


def test_device_is_forgotten_with_the_password(login: LoginUseCases) -> None:
    """A browser that was known with the old password is unknown with the next one."""
    device = login.signed_in().device_cookie
    login.stores.passwords.stored[ADA] = replace(login.credential(), revision=1)
    for number in range(10):
        login.try_password("wrong", address=f"198.51.100.{number}", device=device)
    assert is_throttled(login.try_password(address="203.0.113.9", device=device))
    assert login.stores.attempts.failed == {ADA: 9}


def fail_often(login: LoginUseCases, times: int) -> None:
    for number in range(times):
        if number % LIMITS.per_account == 0:
            next_window(login)
        assert not is_throttled(login.try_password("wrong", address=f"198.51.100.{number % 250}"))


def test_hundred_failures_lock_unknown_browsers_alone(login: LoginUseCases) -> None:
    """R65: NIST SP 800-63B-4 §3.2.2: after 100 failures in a row the password is disabled, known browsers aside."""
    device = login.signed_in().device_cookie
    fail_often(login, MAX_FAILURES)
    next_window(login)
    assert login.try_password() == SignInRefused(reason=SignInRefusal.WRONG)
    assert isinstance(login.try_password(device=device), SignedIn)
    assert login.stores.attempts.failed[ADA] > MAX_FAILURES


def test_ninety_nine_failures_lock_nobody_and_a_success_begins_again(login: LoginUseCases) -> None:
    """R65: A success from an unknown browser before the limit sets the failures in a row to 0."""
    fail_often(login, MAX_FAILURES - 1)
    next_window(login)
    assert isinstance(login.try_password(), SignedIn)
    assert login.stores.attempts.failed == {}


def test_known_browsers_success_keeps_the_failures_of_others(login: LoginUseCases) -> None:
    """R65: A guesser gains no new hundred guesses each time that the user signs in at home."""
    device = login.signed_in().device_cookie
    fail_often(login, 5)
    login.signed_in(device=device)
    assert login.stores.attempts.failed == {ADA: 5}


def test_limits_are_parameters() -> None:
    """Operators choose limits and window."""
    login = LoginUseCases(limits=AttemptLimits(per_account=1, per_device=1, per_address=1, window=60))
    login.add_user()
    assert isinstance(login.try_password(PASSWORD), SignedIn)
    refused = login.try_password(PASSWORD)
    assert isinstance(refused, SignInRefused)
    assert refused.retry_after <= 60
