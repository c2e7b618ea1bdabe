"""The schedule, its metric and the alarms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from keyturn.adapters.aws.system_clock import wall_seconds
from tests.aws.alarms import count_rings, count_samples, find_alarms, ringing, states_of
from tests.aws.changes import environment
from tests.aws.logs import read_events
from tests.aws.patience import eventually
from tests.aws.stack import invoke_rotator
from tests.integration.http import statuses

if TYPE_CHECKING:
    from local.stack_file import StackFile
    from tests.aws.report import Observe

# SQS measures a queue that is in use, and this one never is. A metric of faults has no value without a fault.
MEASURED = ("AuthorizerTimesOut", "KeyRotatorFailed", "KeyRotatorSilent", "TokenIssuerFailed")
# Alarms that treat missing data as breaching.
NEW = ("KeyRotatorSilent",)


@pytest.mark.on_aws_alone("the embedded stack's schedule fires once an hour")
def test_the_schedule_runs_the_rotator(resources: dict[str, str], observe: Observe) -> None:
    """`rate(1 minute)` invokes the rotator by a role that trusts the schedule's group alone: each minute a tick."""
    begun = wall_seconds()

    def ticks() -> int:
        events = read_events(resources["KeyRotatorLogGroup"], begun)
        return sum(event.get("action") == "tick" for event in events)

    counted, waited = eventually(ticks, lambda seen: seen >= 2, seconds=300, pause=10)
    observe(ticks=counted, after_seconds=waited)
    assert counted >= 2


@pytest.mark.on_aws_alone("the emulator takes no metric from a log, and measures nothing")
def test_the_alarms_watch_what_is_measured(resources: dict[str, str], observe: Observe) -> None:
    """A healthy stack has values, of SuccessfulRuns from the rotator's log, and no alarm rings (I12)."""
    alarms = find_alarms(resources)
    samples, waited = eventually(
        lambda: {name: count_samples(alarms[name]) for name in MEASURED},
        lambda samples: all(samples.values()),
        seconds=900,
        pause=15,
    )
    states, _ = eventually(lambda: states_of(resources), lambda states: not ringing(states), seconds=300, pause=15)
    observe(samples=samples, after_seconds=waited, states=states)
    assert all(samples.values())
    assert ringing(states) == set()


@pytest.mark.on_aws_alone("the emulator evaluates no alarm")
def test_no_alarm_rings_on_a_new_stack(resources: dict[str, str], observe: Observe) -> None:
    """An alarm that treats missing data as breaching has never rung, since it was made after the first run (I12)."""
    rings = {name: count_rings(resources[name]) for name in NEW}
    observe(rings=rings)
    assert set(rings.values()) == {0}


@pytest.mark.on_aws_alone("the emulator evaluates no alarm")
def test_a_run_that_fails_rings(stack: StackFile, resources: dict[str, str], observe: Observe) -> None:
    """A tick that fails, for durations that break a rule, turns KeyRotatorFailed to ALARM, and no other alarm (I12)."""
    with environment(resources["KeyRotatorFunction"], PUBLISH_LEAD_SECONDS="1"):
        answer = invoke_rotator(stack, action="tick")
        states, waited = eventually(
            lambda: states_of(resources), lambda states: "KeyRotatorFailed" in ringing(states), seconds=600, pause=10
        )
    observe(error=answer.get("FunctionError"), states=states, after_seconds=waited)
    assert answer.get("FunctionError") == "Unhandled"
    assert ringing(states) == {"KeyRotatorFailed"}


@pytest.mark.on_aws_alone("the emulator evaluates no alarm")
def test_an_authorizer_that_does_not_start_rings(stack: StackFile, resources: dict[str, str], observe: Observe) -> None:
    """R57: a fault before the composition root turns AuthorizerFailed to ALARM, at a few requests a minute."""

    def ask() -> dict[str, str]:
        answered.update(statuses(stack, None).values())
        return states_of(resources)

    answered: set[int] = set()
    with environment(resources["AuthorizerFunction"], REVOCATION_MODE="nonsense"):
        states, waited = eventually(ask, lambda states: "AuthorizerFailed" in ringing(states), seconds=900, pause=20)
    observe(answered=sorted(answered), states=states, after_seconds=waited)
    assert answered == {500}
    assert ringing(states) - {"KeyRotatorFailed"} == {"AuthorizerFailed"}
