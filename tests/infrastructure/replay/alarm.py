"""How CloudWatch evaluates a metric alarm.

After the pages "Alarm evaluation" and "Configuring how CloudWatch alarms treat missing data" of its user guide, and
PutMetricAlarm of its API reference. How far the evaluation range goes beyond the evaluation periods is not published:
it is an argument here, and a test tries several.
"""

from __future__ import annotations

import enum
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from tests.infrastructure.replay.measurements import MINUTE, Measurements, Metric
from tests.infrastructure.replay.names import name_of

HOUR = 3600
DAY = 24 * HOUR
_WEEK = 7 * DAY
# The one expression that is understood: the sum of all metrics at each time, and 0 where none has a sample.
_EXPRESSION = "FILL(SUM(METRICS()), 0)"
_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
}


class State(enum.Enum):
    """An alarm's state."""

    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


class Reading(NamedTuple):
    """Numbers that AWS does not publish: periods read beyond the evaluation periods, minutes until a sample is seen."""

    extra: int
    lag: int = 0


class Alarm:
    """A metric alarm of the template; raises NotImplementedError for properties that are not understood."""

    def __init__(self, name: str, properties: Mapping[str, Any]) -> None:
        """Take the logical id, and the properties as the transformed template has them."""
        self.name = name
        self.periods = int(properties["EvaluationPeriods"])
        self.to_alarm = int(properties.get("DatapointsToAlarm", self.periods))
        self.treatment: str = properties.get("TreatMissingData", "missing")
        self._threshold = float(properties["Threshold"])
        self._compare = _COMPARISONS[properties["ComparisonOperator"]]
        self.metrics, self.period, self._statistic, self._fills = _metrics_of(properties)
        length = self.period * self.periods
        if length > (DAY if self.period < HOUR else _WEEK):
            raise ValueError(f"{name}: CloudWatch evaluates no more than a day, or a week by the hour")
        # Evaluated once an hour, without the hour that has begun.
        self.multi_day = length > DAY
        if not self._fills and any(metric.namespace == "AWS/DynamoDB" for metric in self.metrics):
            self.treatment = "ignore"  # "even if you choose a different option" (PutMetricAlarm)

    def next_state(self, points: Sequence[float | None], state: State) -> State:
        """Return the state after an evaluation of the evaluation range, the newest point last; None is missing."""
        real = [(age, self._breaches(value)) for age, value in enumerate(reversed(points)) if value is not None]
        if len(real) >= self.periods:
            return self._judge(sum(breaching for _, breaching in real[: self.periods]))
        breaching = sum(breaching for _, breaching in real)
        if self.treatment == "breaching":
            return self._judge(breaching + self.periods - len(real))
        if self.treatment == "notBreaching" or breaching >= self.to_alarm:
            return self._judge(breaching)
        if not real:
            return state if self.treatment == "ignore" else State.INSUFFICIENT_DATA
        if breaching == len(real) and real[-1][0] + 1 >= self.to_alarm:  # "premature transitions"
            return state if self.treatment == "ignore" else State.ALARM
        return State.OK

    def replay(self, measured: Measurements, start: int, end: int, reading: Reading) -> list[tuple[int, State]]:
        """Return the changes of state from the alarm's creation on; both times are seconds since the epoch."""
        state, changes = State.INSUFFICIENT_DATA, []
        step = HOUR if self.multi_day else MINUTE
        first = -(-start // MINUTE) * MINUTE
        for at in range(first, end + 1, step):
            points = self._points(measured, at, reading)
            found = self.next_state(points, state)
            if found is not state:
                state = found
                changes.append((at, state))
        return changes

    def _points(self, measured: Measurements, at: int, reading: Reading) -> list[float | None]:
        seen = at - reading.lag * MINUTE
        last = at // HOUR * HOUR if self.multi_day else at
        starts = range(last - self.period * (self.periods + reading.extra), last, self.period)
        if not any(measured.has_samples(metric, starts[0], seen) for metric in self.metrics):
            return [0.0 if self._fills else None] * len(starts)
        return [self._point(measured, start, min(start + self.period, seen)) for start in starts]

    def _point(self, measured: Measurements, start: int, end: int) -> float | None:
        values = [measured.statistic(metric, self._statistic, start, end) for metric in self.metrics]
        found = [value for value in values if value is not None]
        if not found:
            return 0.0 if self._fills else None
        return sum(found)

    def _breaches(self, value: float) -> bool:
        return self._compare(value, self._threshold)

    def _judge(self, breaching: int) -> State:
        return State.ALARM if breaching >= self.to_alarm else State.OK


def _metrics_of(properties: Mapping[str, Any]) -> tuple[list[Metric], int, str, bool]:
    """Return the metrics, the period, the statistic, and whether missing points are filled with 0."""
    if "Metrics" not in properties:
        return [_metric(properties)], int(properties["Period"]), properties["Statistic"], False
    [expression, *others] = properties["Metrics"]
    if expression.get("Expression") != _EXPRESSION or not all("MetricStat" in each for each in others):
        raise NotImplementedError(f"metric math other than {_EXPRESSION}")
    stats = [each["MetricStat"] for each in others]
    [(period, statistic)] = {(int(each["Period"]), each["Stat"]) for each in stats}
    return [_metric(each["Metric"]) for each in stats], period, statistic, True


def _metric(named: Mapping[str, Any]) -> Metric:
    dimensions = frozenset((each["Name"], name_of(each["Value"])) for each in named.get("Dimensions", ()))
    return Metric(named["Namespace"], name_of(named["MetricName"]), dimensions)
