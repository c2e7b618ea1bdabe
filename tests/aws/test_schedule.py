"""The schedule, its metric and the alarms."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from keyturn.adapters.system_clock import wall_seconds
from tests.aws.changes import environment
from tests.aws.logs import read_events
from tests.aws.patience import eventually
from tests.aws.stack import aws, invoke_rotator

if TYPE_CHECKING:
    from local.stack_file import StackFile
    from tests.aws.report import Observe

ALARMS = ("KeyRotatorFailed", "KeyRotatorSilent", "ScheduleNotDelivered", "TokenIssuerFailed")
# SQS measures a queue that is in use, and nothing has been sent to this one.
MEASURED = ("KeyRotatorFailed", "KeyRotatorSilent", "TokenIssuerFailed")


def find_alarms(resources: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Return the stack's alarms."""
    names = {resources[name]: name for name in ALARMS}
    found = aws("cloudwatch").describe_alarms(AlarmNames=list(names))["MetricAlarms"]
    return {names[alarm["AlarmName"]]: alarm for alarm in found}


def states_of(resources: dict[str, str]) -> dict[str, str]:
    """Return the state of each alarm."""
    return {name: str(alarm["StateValue"]) for name, alarm in find_alarms(resources).items()}


def count_samples(alarm: dict[str, Any]) -> int:
    """Return how many values of an alarm's metric CloudWatch has of the last three hours."""
    end = datetime.fromtimestamp(wall_seconds(), UTC)
    points: list[dict[str, Any]] = aws("cloudwatch").get_metric_statistics(
        Namespace=alarm["Namespace"],
        MetricName=alarm["MetricName"],
        Dimensions=alarm["Dimensions"],
        StartTime=end - timedelta(hours=3),
        EndTime=end,
        Period=60,
        Statistics=["SampleCount"],
    )["Datapoints"]
    return int(sum(point["SampleCount"] for point in points))


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
    """Each alarm's metric has values, that of SuccessfulRuns from the rotator's log, and none rings (I12)."""
    alarms = find_alarms(resources)
    samples, waited = eventually(
        lambda: {name: count_samples(alarms[name]) for name in MEASURED},
        lambda samples: all(samples.values()),
        seconds=900,
        pause=15,
    )
    states, _ = eventually(
        lambda: states_of(resources), lambda states: "ALARM" not in states.values(), seconds=300, pause=15
    )
    observe(samples=samples, after_seconds=waited, states=states)
    assert alarms.keys() == set(ALARMS)
    assert all(samples.values())
    assert "ALARM" not in states.values()


@pytest.mark.on_aws_alone("the emulator evaluates no alarm")
def test_a_run_that_fails_rings(stack: StackFile, resources: dict[str, str], observe: Observe) -> None:
    """A tick that fails, for durations that break a rule, turns KeyRotatorFailed to ALARM, and no other alarm (I12)."""
    with environment(resources["KeyRotatorFunction"], PUBLISH_LEAD_SECONDS="1"):
        answer = invoke_rotator(stack, action="tick")
        states, waited = eventually(
            lambda: states_of(resources),
            lambda states: states["KeyRotatorFailed"] == "ALARM",
            seconds=600,
            pause=10,
        )
    observe(error=answer.get("FunctionError"), states=states, after_seconds=waited)
    assert answer.get("FunctionError") == "Unhandled"
    assert [name for name, state in states.items() if state == "ALARM"] == ["KeyRotatorFailed"]
