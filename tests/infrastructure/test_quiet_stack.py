"""No alarm rings on a healthy stack, new or old, at any rate of requests; and each that rang ends."""

from __future__ import annotations

import itertools

import pytest

from tests.fakes.login_harness import EMAIL, LoginHarness
from tests.fakes.token_factory import NOW, make_token
from tests.infrastructure.native_template import NativeTemplate
from tests.infrastructure.replay.account import Account, every
from tests.infrastructure.replay.alarm import DAY, HOUR, Reading, State
from tests.infrastructure.replay.authorizer_scenarios import no_read_is_answered, unreachable, warm_sandbox
from tests.infrastructure.replay.issuer_scenarios import count_5xx
from tests.infrastructure.replay.sandbox import Sandbox
from tests.infrastructure.replay.scenario import RATES, Rate
from tests.infrastructure.replay.schedule_scenarios import Rotator, dead_letters

CREATED = NOW + 17  # when the custom resource of a new stack has run
# CloudFormation hears of it and makes the alarm that depends on it; the first evaluation is at the next whole minute.
ALARMS_AT = CREATED + 30
READINGS = [Reading(extra, lag) for extra in (1, 2, 24) for lag in (0, 1)]
NONE = Rate(float("inf"))
TRAFFIC = pytest.mark.parametrize("rate", [*RATES.values(), NONE], ids=[*RATES, "0"])


def serve(account: Account, rate: Rate, start: int, end: int) -> Sandbox:
    """Let a new sandbox answer good requests, bad tokens and forbidden ones, and the issuer refuse and issue."""
    sandbox = Sandbox(account.function("AuthorizerFunction"))
    unauthorized = [
        sandbox.request(start, rate.weight, kind=kind, token="x.y.z") for kind in ("rest_token", "http_2.0")
    ]
    assert isinstance(unauthorized[0], Exception)
    kinds = itertools.cycle([("http_2.0", None), ("rest_token", "x.y.z"), ("rest_request", None), ("http_2.0", "")])
    for at, (kind, token) in zip(every(rate.seconds, start, end), kinds, strict=False):
        sandbox.request(at, rate.weight, kind=kind, token=token)
        count_5xx(account, at, 200)
    return sandbox


def create(account: Account, hours: int) -> None:
    """Make a new stack: its custom resource, a queue that is empty, and the schedule's ticks for so many hours."""
    rotator = Rotator(account)
    rotator.create(CREATED)
    dead_letters(account, CREATED, CREATED + 600, 0)
    for at in every(HOUR, CREATED + HOUR, CREATED + (hours + 1) * HOUR):
        rotator.tick(at)


@TRAFFIC
def test_no_alarm_rings_in_the_first_hour(template: NativeTemplate, rate: Rate) -> None:
    """Alarms of a new stack stay quiet for an hour: at 0, 0.01, 1 and 100 requests a second, refusals included."""
    account = Account(template)
    create(account, hours=1)
    serve(account, rate, CREATED + 60, CREATED + HOUR)
    for reading in READINGS:
        assert account.ringing(ALARMS_AT, CREATED + HOUR + 300, reading) == set(), reading


def test_no_alarm_rings_on_the_first_day(template: NativeTemplate) -> None:
    """A new stack is quiet for its first 26 hours, with a request each 100 s (I12)."""
    account = Account(template)
    create(account, hours=26)
    serve(account, RATES["0.01"], CREATED + 60, CREATED + 26 * HOUR)
    for reading in (READINGS[0], READINGS[-1]):
        assert account.ringing(ALARMS_AT, CREATED + 26 * HOUR, reading) == set(), reading


def test_an_alarm_that_is_older_than_its_metric_would_ring(template: NativeTemplate) -> None:
    """KeyRotatorSilent is made after the first run, since it rings where there was none (I12)."""
    account = Account(template)
    create(account, hours=1)
    assert account.ringing(CREATED - 300, CREATED + HOUR, Reading(1)) == {"KeyRotatorSilent"}
    assert "FirstKey" in template.references("KeyRotatorSilent")


@pytest.mark.parametrize("late", [0, 600, -600])
def test_a_schedule_of_once_a_day_is_no_silence(template: NativeTemplate, late: int) -> None:
    """Ticks that are a day apart, some minutes sooner or later, ring nothing: the schedule may be as rare (I12)."""
    account = Account(template)
    rotator = Rotator(account)
    for number in range(5):
        rotator.tick(CREATED + number * DAY + late * (number % 2))
    silent = account.alarms["KeyRotatorSilent"]
    for extra in (1, 2, 24):
        changes = silent.replay(account.measured, ALARMS_AT + 600, CREATED + 4 * DAY, Reading(extra))
        assert [state for _, state in changes] == [State.OK], extra


@TRAFFIC
def test_refusals_alone_ring_nothing(template: NativeTemplate, rate: Rate) -> None:
    """R57: Lambda counts a REST API's 401 as an error; alarms ignore any number of them."""
    account = Account(template)
    sandbox = warm_sandbox(account, CREATED)
    expired = make_token(claims={"iat": NOW - 900, "exp": NOW - 100})
    for at in every(rate.seconds, CREATED, CREATED + 900):
        for kind, token in (("rest_token", "x.y.z"), ("rest_request", expired)):
            assert str(sandbox.request(at, rate.weight, kind=kind, token=token)) == "Unauthorized"
    account.alarms.pop("KeyRotatorSilent")  # the stack of this test has no rotator
    for reading in READINGS:
        assert account.ringing(CREATED, CREATED + 1800, reading) == set(), reading


@TRAFFIC
def test_wrong_passwords_alone_ring_nothing(template: NativeTemplate, rate: Rate) -> None:
    """A user who mistypes, and an attacker who is slowed down, are no fault of the login."""
    account = Account(template)
    with pytest.MonkeyPatch.context() as monkeypatch:
        browser = LoginHarness(monkeypatch).browser()
        browser.get("/login")
        statuses = set()
        for at in every(rate.seconds, CREATED, CREATED + 900):
            with account.function("LoginFunction").writing(at, rate.weight):
                statuses.add(browser.submit("/login/password", email=EMAIL, password="a wrong password").status)
    assert statuses <= {401, 429}
    account.alarms.pop("KeyRotatorSilent")  # the stack of this test has no rotator
    assert account.ringing(CREATED, CREATED + 1800, READINGS[0]) == set()


@TRAFFIC
def test_a_fault_of_a_minute_rings_nothing(template: NativeTemplate, rate: Rate) -> None:
    """A fault that is over after a minute rings no alarm about requests."""
    account = Account(template)
    no_read_is_answered(account, rate, CREATED, CREATED + 60)
    for at in every(rate.seconds, CREATED, CREATED + 60):
        function = account.function("AuthorizerFunction")
        function.time_out(at, rate.weight)
        function.throttle(at, rate.weight)
        account.function("TokenIssuerFunction").throttle(at, rate.weight)
        account.measure("AWS/DynamoDB", "ReadThrottleEvents", at, rate.weight, TableName="RevocationTable")
        count_5xx(account, at, 503, rate.weight)
    account.alarms.pop("KeyRotatorSilent")
    for reading in READINGS:
        assert account.ringing(CREATED - 600, CREATED + 1800, reading) == set(), reading


@pytest.mark.parametrize("rate", RATES.values(), ids=RATES)
def test_an_alarm_ends_when_its_fault_has_ended(template: NativeTemplate, rate: Rate) -> None:
    """Half an hour after the last fault the alarms are OK again, with and without traffic."""
    account = Account(template)
    sandbox = warm_sandbox(account, CREATED)
    sandbox.before = unreachable
    for at in every(rate.seconds, CREATED, CREATED + 900):
        sandbox.request(at, rate.weight)
        account.measure("AWS/DynamoDB", "WriteThrottleEvents", at, rate.weight, TableName="RevocationTable")
        account.function("AuthorizerFunction").throttle(at, rate.weight)
    for name, reading in itertools.product(
        ("AuthorizerFailed", "AuthorizerThrottled", "TablesThrottled"), (Reading(1), Reading(15))
    ):
        changes = account.alarms[name].replay(account.measured, CREATED, CREATED + 900 + 1860, reading)
        assert [state for _, state in changes if state is not State.INSUFFICIENT_DATA][-2:] == [State.ALARM, State.OK]


def test_a_dead_letter_rings_until_the_queue_is_empty(template: NativeTemplate) -> None:
    """I12: SQS stops measuring a queue that is not used, and the alarm rings until SQS says that it is empty."""
    account = Account(template)
    dead_letters(account, CREATED, CREATED + 6 * HOUR, 1)
    dead_letters(account, CREATED + 2 * DAY, CREATED + 2 * DAY + HOUR, 0)
    alarm = account.alarms["ScheduleNotDelivered"]
    for extra in (1, 2, 12):
        changes = alarm.replay(account.measured, CREATED, CREATED + 2 * DAY + HOUR, Reading(extra))
        assert [state for _, state in changes] == [State.ALARM, State.OK]
        assert changes[-1][0] > CREATED + 2 * DAY
