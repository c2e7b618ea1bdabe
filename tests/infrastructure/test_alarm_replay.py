"""Each alarm rings for the faults that it is there for, at every rate of requests, by its own definition."""

from __future__ import annotations

import random

import pytest

from tests.fakes.token_factory import NOW
from tests.infrastructure.native_template import NativeTemplate
from tests.infrastructure.replay import authorizer_scenarios, issuer_scenarios, login_scenarios, schedule_scenarios
from tests.infrastructure.replay.account import Account
from tests.infrastructure.replay.alarm import HOUR, Alarm, Reading, State
from tests.infrastructure.replay.scenario import RATES, Play, Rate, Scenario

START = NOW + 17  # no whole minute
# A fault of requests rings within ten minutes, at one request each 100 s too.
SECONDS = 600

ABOUT_REQUESTS = (*authorizer_scenarios.SCENARIOS, *issuer_scenarios.SCENARIOS, *login_scenarios.SCENARIOS)
REQUESTS = [
    pytest.param(scenario, RATES[rate], id=f"{scenario.alarm}-{scenario.play.__name__}-{rate}")
    for scenario in ABOUT_REQUESTS
    for rate in scenario.rates
]
SCHEDULE = [
    pytest.param(scenario, id=f"{scenario.alarm}-{scenario.play.__name__}") for scenario in schedule_scenarios.SCENARIOS
]


def readings(alarm: Alarm) -> list[Reading]:
    """Return what CloudWatch may read beyond the evaluation periods, and how late it may see a sample."""
    lags = (0, 2) if alarm.period < HOUR else (2,)
    return [Reading(extra, lag) for extra in sorted({1, 2, alarm.periods}) for lag in lags]


@pytest.mark.parametrize(("scenario", "rate"), REQUESTS)
def test_a_fault_of_requests_rings(template: NativeTemplate, scenario: Scenario, rate: Rate) -> None:
    """R57: the alarm of a fault that goes on rings within ten minutes at 0.01, 1 and 100 requests a second."""
    account = Account(template)
    scenario.play(account, rate, START, START + SECONDS)
    alarm = account.alarms[scenario.alarm]
    for reading in readings(alarm):
        changes = alarm.replay(account.measured, START - SECONDS, START + SECONDS, reading)
        assert State.ALARM in [state for at, state in changes if at > START], reading
        assert State.ALARM not in [state for at, state in changes if at <= START], reading


@pytest.mark.parametrize(("rate", "seconds"), [("0.01", 360), ("1", 240), ("100", 240)])
@pytest.mark.parametrize(
    "play", [authorizer_scenarios.no_read_is_answered, authorizer_scenarios.the_rules_become_wrong]
)
def test_a_fault_of_each_request_rings_within_minutes(
    template: NativeTemplate, play: Play, rate: str, seconds: int
) -> None:
    """R57: six minutes at one request each 100 s, and four at one a second and more."""
    account = Account(template)
    play(account, RATES[rate], START, START + SECONDS)
    assert account.ringing(START, START + seconds, Reading(1)) & {"AuthorizerFailed", "AccessRulesUnusable"}


@pytest.mark.parametrize("seed", range(20))
def test_irregular_requests_ring(template: NativeTemplate, seed: int) -> None:
    """R57: requests that come by chance, one each 100 s on average, ring within 20 minutes of a fault."""
    account, at, chance = Account(template), float(START), random.Random(seed)
    function = account.function("AuthorizerFunction")
    while (at := at + chance.expovariate(0.01)) < START + 2 * SECONDS:
        function.fail_to_import(at)
        function.throttle(at)
        function.time_out(at)
    for name in ("AuthorizerFailed", "AuthorizerThrottled", "AuthorizerTimesOut"):
        changes = account.alarms[name].replay(account.measured, START, START + 2 * SECONDS, Reading(1))
        assert State.ALARM in [state for _, state in changes], name


@pytest.mark.parametrize("scenario", SCHEDULE)
def test_a_fault_of_the_schedule_rings(template: NativeTemplate, scenario: schedule_scenarios.Scenario) -> None:
    """I12: the alarm of a rotator that fails, is silent or late rings, and no sooner than the fault."""
    account = Account(template)
    scenario.play(account, START)
    alarm = account.alarms[scenario.alarm]
    for reading in readings(alarm):
        changes = alarm.replay(account.measured, START + 180, START + scenario.within, reading)
        assert State.ALARM in [state for _, state in changes], reading


def test_every_alarm_has_a_fault_that_rings_it(template: NativeTemplate) -> None:
    """Each alarm of the template has a scenario, and each scenario an alarm."""
    played = {scenario.alarm for scenario in (*ABOUT_REQUESTS, *schedule_scenarios.SCENARIOS)}
    assert played == set(template.of_type("AWS::CloudWatch::Alarm"))


def test_every_fault_of_requests_is_played_at_every_rate(template: NativeTemplate) -> None:
    """Each alarm about requests has a scenario at 0.01, 1 and 100 requests a second."""
    played: dict[str, set[str]] = {}
    for scenario in ABOUT_REQUESTS:
        played.setdefault(scenario.alarm, set()).update(scenario.rates)
    assert {alarm for alarm, rates in played.items() if rates != set(RATES)} == set()
