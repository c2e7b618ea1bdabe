"""The replay of alarms does what CloudWatch's pages say, for the examples that they give."""

from __future__ import annotations

from typing import Any

import pytest

from tests.infrastructure.replay.alarm import Alarm, Reading, State
from tests.infrastructure.replay.measurements import Line, Measurements, Metric, MetricFilter

TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")
OK, ALARM, NO_DATA, KEPT = State.OK, State.ALARM, State.INSUFFICIENT_DATA, None
METRIC = Metric("Own", "Faults")


def properties(**changes: Any) -> dict[str, Any]:
    """Return the properties of an alarm, with changes."""
    return {
        "Namespace": METRIC.namespace,
        "MetricName": METRIC.name,
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 3,
        "Threshold": 1,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        **changes,
    }


# "Configuring how CloudWatch alarms treat missing data": both tables, in the order of TREATMENTS. The evaluation range
# is 5; 0 is within the threshold, X breaches it, - is missing; the newest is on the right.
@pytest.mark.parametrize(
    ("to_alarm", "points", "states"),
    [
        (3, "0-X-X", (OK, OK, OK, OK)),
        (3, "0----", (OK, OK, OK, OK)),
        (3, "-----", (NO_DATA, KEPT, ALARM, OK)),
        (3, "0XX-X", (ALARM, ALARM, ALARM, ALARM)),
        (3, "--X--", (ALARM, KEPT, ALARM, OK)),
        (2, "0-X-X", (ALARM, ALARM, ALARM, ALARM)),
        (2, "00X0X", (ALARM, ALARM, ALARM, ALARM)),
        (2, "0-X--", (OK, OK, ALARM, OK)),
        (2, "----0", (OK, OK, ALARM, OK)),
        (2, "---X-", (ALARM, KEPT, ALARM, OK)),
    ],
)
@pytest.mark.parametrize("before", [OK, ALARM, NO_DATA])
def test_missing_data_is_treated_as_documented(
    to_alarm: int, points: str, states: tuple[State | None, ...], before: State
) -> None:
    """Each row of the page's two tables has the page's state, for each treatment, from each state."""
    values = [{"0": 0.0, "X": 1.0, "-": None}[point] for point in points]
    for treatment, state in zip(TREATMENTS, states, strict=True):
        alarm = Alarm("A", properties(DatapointsToAlarm=to_alarm, TreatMissingData=treatment))
        assert alarm.next_state(values, before) is (before if state is None else state), treatment


def test_an_alarm_is_not_premature() -> None:
    """A single breaching point that is younger than the datapoints to alarm rings nothing ("premature transitions")."""
    alarm = Alarm("A", properties(TreatMissingData="missing"))
    for points in ([None, None, None, None, 1.0], [None, None, None, 1.0, None]):
        assert alarm.next_state(points, OK) is OK


def test_an_alarm_of_dynamodb_keeps_its_state() -> None:
    """PutMetricAlarm: a metric of AWS/DynamoDB that is missing changes nothing, whatever the alarm asks for."""
    alarm = Alarm("A", properties(Namespace="AWS/DynamoDB", TreatMissingData="notBreaching"))
    assert alarm.next_state([None] * 5, ALARM) is ALARM


def test_periods_end_at_each_minute() -> None:
    """An alarm of five minutes looks at minutes 1 to 5, then at 2 to 6 ("Alarm evaluation")."""
    measured = Measurements()
    measured.add(METRIC, 30, 1.0)
    alarm = Alarm("A", properties(Period=300, EvaluationPeriods=1, TreatMissingData="notBreaching"))
    assert alarm.replay(measured, 60, 1200, Reading(extra=0)) == [(60, ALARM), (360, OK)]


def test_an_alarm_of_more_than_a_day_is_evaluated_by_the_hour() -> None:
    """A multi-day alarm does not see the hour that has begun, and is evaluated once an hour."""
    measured = Measurements()
    measured.add(METRIC, 1800, 1.0)
    alarm = Alarm("A", properties(Period=3600, EvaluationPeriods=25, DatapointsToAlarm=1, TreatMissingData="missing"))
    assert alarm.replay(measured, 1860, 3 * 3600, Reading(extra=1)) == [(1860 + 3600, ALARM)]


def test_a_late_sample_is_seen_late() -> None:
    """A lag of two minutes moves the state by two minutes."""
    measured = Measurements()
    measured.add(METRIC, 60, 1.0)
    alarm = Alarm("A", properties(EvaluationPeriods=1, TreatMissingData="missing"))
    assert alarm.replay(measured, 60, 300, Reading(extra=3, lag=0))[0] == (120, ALARM)
    assert alarm.replay(measured, 60, 300, Reading(extra=3, lag=2))[0] == (240, ALARM)


@pytest.mark.parametrize(("period", "periods"), [(60, 1441), (300, 289), (3600, 169)])
def test_no_alarm_is_longer_than_cloudwatch_allows(period: int, periods: int) -> None:
    """PutMetricAlarm: a day in all, or a week where a period is an hour or more."""
    with pytest.raises(ValueError, match="no more than a day"):
        Alarm("A", properties(Period=period, EvaluationPeriods=periods))
    Alarm("A", properties(Period=period, EvaluationPeriods=periods - 1))


def test_metric_math_that_is_not_understood_is_refused() -> None:
    """A replay that guessed at an expression would prove nothing."""
    expression = {"Id": "e", "Expression": "RATE(m1)", "ReturnData": True}
    with pytest.raises(NotImplementedError):
        Alarm("A", properties(Metrics=[expression]))


def test_statistics_are_of_the_samples_of_a_period() -> None:
    """Sum, Maximum and SampleCount are taken over the samples from the start on and before the end."""
    measured = Measurements()
    for at, value, weight in ((0, 5.0, 1), (59, 2.0, 3), (60, 9.0, 1)):
        measured.add(METRIC, at, value, weight)
    found = [measured.statistic(METRIC, name, 0, 60) for name in ("Sum", "Maximum", "SampleCount")]
    assert found == [11.0, 5.0, 4.0]
    assert measured.statistic(METRIC, "Sum", 120, 180) is None
    with pytest.raises(NotImplementedError):
        measured.statistic(METRIC, "p99", 0, 60)


def test_a_line_is_measured_by_its_format_and_by_filters() -> None:
    """The embedded metric format names metrics in the line; a filter counts the lines that it matches."""
    measured = Measurements()
    directive = {"Namespace": "Own", "Dimensions": [["F"]], "Metrics": [{"Name": "Runs"}]}
    line = Line(0, {"_aws": {"CloudWatchMetrics": [directive]}, "F": "f", "Runs": [1.0, 2.0]}, weight=2)
    transformation = {
        "MetricNamespace": "Own",
        "MetricName": {"Fn::Sub": "Lines-${AWS::StackName}"},
        "MetricValue": "1",
    }
    pattern = MetricFilter({"FilterPattern": '{ $.F = "f" }', "MetricTransformations": [transformation]})
    measured.add_line(line, [pattern])
    measured.add_line(Line(0, {"F": "g"}), [pattern])
    runs = Metric("Own", "Runs", frozenset({("F", "f")}))
    assert measured.statistic(runs, "Sum", 0, 60) == 6.0
    assert measured.statistic(Metric("Own", "Lines-keyturn"), "Sum", 0, 60) == 2.0
