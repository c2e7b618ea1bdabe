"""The alarms of the stack under verification, as CloudWatch has them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from keyturn.adapters.aws.system_clock import wall_seconds
from tests.aws.stack import aws

ALARMS = (
    "AccessRulesUnusable",
    "AuthorizationRequestsFailed",
    "AuthorizerFailed",
    "AuthorizerThrottled",
    "AuthorizerTimesOut",
    "AuthorizerViewIsOld",
    "KeyRotationOverdue",
    "KeyRotatorFailed",
    "KeyRotatorSilent",
    "KmsThrottlesTheIssuer",
    "LoginFailed",
    "LoginTablesThrottled",
    "LoginThrottled",
    "ScheduleNotDelivered",
    "TablesThrottled",
    "TokenIssuerFailed",
    "TokenIssuerThrottled",
)


def find_alarms(resources: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Return the stack's alarms by their logical ids; a condition may leave one out."""
    names = {resources[name]: name for name in ALARMS if name in resources}
    found = aws("cloudwatch").describe_alarms(AlarmNames=list(names))["MetricAlarms"]
    return {names[alarm["AlarmName"]]: alarm for alarm in found}


def states_of(resources: dict[str, str]) -> dict[str, str]:
    """Return the state of each alarm."""
    return {name: str(alarm["StateValue"]) for name, alarm in find_alarms(resources).items()}


def ringing(states: dict[str, str]) -> set[str]:
    """Return the alarms that are in ALARM."""
    return {name for name, state in states.items() if state == "ALARM"}


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


def count_rings(alarm: str) -> int:
    """Return how often an alarm has changed to ALARM, as far back as CloudWatch remembers."""
    pages = aws("cloudwatch").get_paginator("describe_alarm_history")
    items = pages.paginate(AlarmName=alarm, HistoryItemType="StateUpdate")
    return sum(" to ALARM" in item["HistorySummary"] for page in items for item in page["AlarmHistoryItems"])
