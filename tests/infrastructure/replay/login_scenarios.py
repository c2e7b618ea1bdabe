"""Faults of the login and of the tables of users."""

from __future__ import annotations

from tests.infrastructure.replay.account import Account, every
from tests.infrastructure.replay.issuer_scenarios import count_5xx
from tests.infrastructure.replay.scenario import Rate, Scenarios
from tests.infrastructure.replay.table_scenarios import throttled_tables

SCENARIOS = Scenarios()
rings = SCENARIOS.rings


@rings("TokenIssuerFailed")
@rings("LoginFailed")
def the_login_cannot_be_imported(account: Account, rate: Rate, start: int, end: int) -> None:
    """API Gateway answers 500 where the function fails, and counts it for the issuer's API."""
    for at in every(rate.seconds, start, end):
        account.function("LoginFunction").fail_to_import(at, rate.weight)
        count_5xx(account, at, 500, rate.weight)


@rings("LoginFailed")
def the_login_times_out(account: Account, rate: Rate, start: int, end: int) -> None:
    """Lambda ends each invocation, and its report says so."""
    for at in every(rate.seconds, start, end):
        account.function("LoginFunction").time_out(at, rate.weight)


@rings("LoginFailed")
def the_login_has_too_little_memory(account: Account, rate: Rate, start: int, end: int) -> None:
    """The process ends while it hashes a password: Argon2Memory is more than the function has."""
    for at in every(rate.seconds, start, end):
        account.function("LoginFunction").end_sandbox("Runtime.OutOfMemory", at, rate.weight)


@rings("LoginThrottled")
def the_login_is_throttled(account: Account, rate: Rate, start: int, end: int) -> None:
    """Lambda does not let the function run."""
    for at in every(rate.seconds, start, end):
        account.function("LoginFunction").throttle(at, rate.weight)


SCENARIOS += throttled_tables(
    "LoginTablesThrottled", "UserTable", "AuthorityTable", "CredentialTable", "SessionTable", "InteractionTable"
)
