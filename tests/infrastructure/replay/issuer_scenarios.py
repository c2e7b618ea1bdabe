"""Faults of the issuer and of the tables."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from unittest.mock import patch

import pytest

from keyturn.domain.errors import StoreUnavailable, Throttled
from tests.fakes.http_api_event import http_api_event
from tests.fakes.issuer_harness import JWKS, TOKEN, IssuerHarness
from tests.fakes.user_flow import UserFlow
from tests.infrastructure.replay.account import Account, every
from tests.infrastructure.replay.scenario import Rate, Scenarios
from tests.infrastructure.replay.table_scenarios import throttled_tables
from token_issuer import app

SCENARIOS = Scenarios()
rings = SCENARIOS.rings


def count_5xx(account: Account, at: float, status: int, weight: int = 1) -> None:
    """Measure answers of the issuer's API, as API Gateway does."""
    account.measure("AWS/ApiGateway", "5xx", at, float(weight * (status >= 500)), ApiId="IssuerApi")


@contextlib.contextmanager
def recorded(account: Account, at: float, rate: Rate) -> Iterator[None]:
    """Take what the issuer writes for its log."""
    with account.function("TokenIssuerFunction").writing(at, rate.weight):
        yield


@rings("TokenIssuerFailed")
def a_variable_of_the_issuer_is_missing(account: Account, rate: Rate, start: int, end: int) -> None:
    """The composition root raises SettingsError: the handler answers 500."""
    issuer, event = account.function("TokenIssuerFunction"), http_api_event("GET", JWKS)
    with patch.dict("os.environ", {}, clear=True):
        for at in every(rate.seconds, start, end):
            answer = issuer.invoke(lambda: app.lambda_handler(event, None), at, rate.weight)
            assert isinstance(answer, dict)
            count_5xx(account, at, answer["statusCode"], rate.weight)


@rings("TokenIssuerFailed")
def the_issuer_cannot_be_imported(account: Account, rate: Rate, start: int, end: int) -> None:
    """API Gateway answers 500 where the function fails."""
    for at in every(rate.seconds, start, end):
        account.function("TokenIssuerFunction").fail_to_import(at, rate.weight)
        count_5xx(account, at, 500, rate.weight)


@rings("TokenIssuerFailed")
def the_issuer_times_out(account: Account, rate: Rate, start: int, end: int) -> None:
    """API Gateway answers 500 where Lambda ends the invocation."""
    for at in every(rate.seconds, start, end):
        account.function("TokenIssuerFunction").time_out(at, rate.weight)
        count_5xx(account, at, 500, rate.weight)


@rings("TokenIssuerThrottled")
@rings("TokenIssuerFailed")
def the_issuer_is_throttled(account: Account, rate: Rate, start: int, end: int) -> None:
    """API Gateway answers 503 where Lambda does not let the function run."""
    for at in every(rate.seconds, start, end):
        account.function("TokenIssuerFunction").throttle(at, rate.weight)
        count_5xx(account, at, 503, rate.weight)


@rings("KmsThrottlesTheIssuer")
@rings("TokenIssuerFailed")
def kms_throttles_each_signature(account: Account, rate: Rate, start: int, end: int) -> None:
    """Others of the account use up KMS's quota."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        issuer = IssuerHarness(monkeypatch)
        issuer.signer.fault = Throttled("KMS Sign: ThrottlingException")
        for at in every(rate.seconds, start, end):
            with recorded(account, at, rate):
                status = issuer.post(TOKEN, grant_type="client_credentials").status
            count_5xx(account, at, status, rate.weight)


@rings("AuthorizationRequestsFailed")
def users_are_sent_back_with_an_error(account: Account, rate: Rate, start: int, end: int) -> None:
    """The authorization endpoint cannot read revocations: it redirects instead of a 5xx."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        flow = UserFlow(monkeypatch)
        flow.revocations.fault = StoreUnavailable("DynamoDB BatchGetItem: TimeoutError")
        for at in every(rate.seconds, start, end):
            with recorded(account, at, rate):
                assert flow.authorize().status == 303


SCENARIOS += throttled_tables("TablesThrottled", "RevocationTable", "KeyRingTable", "ClientTable", "GrantTable")
