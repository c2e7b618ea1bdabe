"""The schedule, its metric and the alarms."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from keyturn.adapters.system_clock import wall_seconds
from tests.aws.changes import environment
from tests.aws.patience import eventually
from tests.aws.stack import aws, invoke_rotator

if TYPE_CHECKING:
    from local.stack_file import StackFile
    from tests.aws.report import Observe

ALARMS = ("KeyRotatorFailed", "KeyRotatorSilent", "ScheduleNotDelivered", "TokenIssuerFailed")


def alarm_states(resources: dict[str, str]) -> dict[str, str]:
    """Return the state of each alarm of the stack."""
    names = {resources[name]: name for name in ALARMS}
    found = aws("cloudwatch").describe_alarms(AlarmNames=list(names))["MetricAlarms"]
    return {names[alarm["AlarmName"]]: alarm["StateValue"] for alarm in found}


@pytest.mark.on_aws_alone("the emulator takes no metric from a log")
def test_the_schedule_runs_the_rotator(stack: StackFile, observe: Observe) -> None:
    """Every minute a run succeeds, and CloudWatch takes its metric from the log (the schedule is `rate(1 minute)`)."""

    def runs() -> float:
        end = datetime.fromtimestamp(wall_seconds(), UTC)
        points: list[dict[str, Any]] = aws("cloudwatch").get_metric_statistics(
            Namespace="Keyturn",
            MetricName="SuccessfulRuns",
            Dimensions=[{"Name": "FunctionName", "Value": stack.outputs["KeyRotatorFunctionName"]}],
            StartTime=end - timedelta(hours=3),
            EndTime=end,
            Period=60,
            Statistics=["Sum"],
        )["Datapoints"]
        return float(sum(point["Sum"] for point in points))

    before = runs()
    counted, waited = eventually(runs, lambda seen: seen >= before + 2, seconds=420, pause=10)
    observe(before=before, counted=counted, after_seconds=waited)
    assert counted >= before + 2


@pytest.mark.on_aws_alone("the emulator evaluates no alarm")
def test_a_run_that_fails_rings(stack: StackFile, resources: dict[str, str], observe: Observe) -> None:
    """A rotator that cannot run turns KeyRotatorFailed to ALARM, and no other alarm that is about something else."""
    with environment(resources["KeyRotatorFunction"], SIGNING_ALGORITHM="none"):
        answer = invoke_rotator(stack, action="tick")
        states, waited = eventually(
            lambda: alarm_states(resources),
            lambda states: states["KeyRotatorFailed"] == "ALARM",
            seconds=600,
            pause=10,
        )
    observe(error=answer.get("FunctionError"), states=states, after_seconds=waited)
    assert answer.get("FunctionError") == "Unhandled"
    assert states["KeyRotatorFailed"] == "ALARM"
    assert states["ScheduleNotDelivered"] != "ALARM"
