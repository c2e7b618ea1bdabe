"""Faults of the login and of the tables of users."""

from __future__ import annotations

from unittest.mock import patch

import pytest

from keyturn.domain.errors import Throttled
from login import app
from login.bootstrap import bootstrap
from tests.fakes.http_api_event import http_api_event
from tests.fakes.login_harness import EMAIL, PASSWORD, LoginHarness
from tests.infrastructure.replay.account import Account, every
from tests.infrastructure.replay.issuer_scenarios import count_5xx
from tests.infrastructure.replay.scenario import Rate, Scenarios
from tests.infrastructure.replay.table_scenarios import throttled_tables

SCENARIOS = Scenarios()
rings = SCENARIOS.rings


@rings("LoginFailed")
def a_variable_of_the_login_is_missing(account: Account, rate: Rate, start: int, end: int) -> None:
    """The composition root raises SettingsError: the handler answers 500 with a page."""
    login, event = account.function("LoginFunction"), http_api_event("GET", "/login")
    bootstrap.cache_clear()
    with patch.dict("os.environ", {}, clear=True):
        for at in every(rate.seconds, start, end):
            answer = login.invoke(lambda: app.lambda_handler(event, None), at, rate.weight)
            assert isinstance(answer, dict)
            assert answer["statusCode"] == 500


@rings("LoginFailed")
def kms_throttles_each_sign_in(account: Account, rate: Rate, start: int, end: int) -> None:
    """The pepper's MAC cannot be had: each sign-in is answered 503."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        harness = LoginHarness(monkeypatch, SIGN_INS_PER_ACCOUNT="10000", SIGN_INS_PER_ADDRESS="1000000")
        browser = harness.browser()
        browser.get("/login")
        harness.stores.pepper.fault = Throttled("KMS GenerateMac: ThrottlingException")
        for at in every(rate.seconds, start, end):
            with account.function("LoginFunction").writing(at, rate.weight):
                status = browser.submit("/login/password", email=EMAIL, password=PASSWORD).status
            assert status == 503


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
