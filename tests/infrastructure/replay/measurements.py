"""Samples by metric, aggregated by the minute, as CloudWatch keeps those of standard resolution."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, NamedTuple

from tests.infrastructure.replay.filter_pattern import FilterPattern
from tests.infrastructure.replay.names import name_of

MINUTE = 60


class Metric(NamedTuple):
    """A metric's identity; `dimensions` are pairs of name and value."""

    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]] = frozenset()


class Line(NamedTuple):
    """A line of a log group: when it was written, what it says, and how many equal ones it stands for."""

    at: float
    event: Mapping[str, Any]
    weight: int = 1


class MetricFilter:
    """A metric filter with one transformation, which has a literal value."""

    def __init__(self, properties: Mapping[str, Any]) -> None:
        """Take the properties of AWS::Logs::MetricFilter."""
        [transformation] = properties["MetricTransformations"]
        self.pattern = _read_pattern(properties["FilterPattern"])
        self.metric = Metric(transformation["MetricNamespace"], name_of(transformation["MetricName"]))
        self.value = float(transformation["MetricValue"])


# Each replay begins with the filters of the same template.
_read_pattern = cache(FilterPattern)


class _Minute:
    __slots__ = ("largest", "samples", "total")

    def __init__(self) -> None:
        self.total = 0.0
        self.samples = 0
        self.largest = float("-inf")


class Measurements:
    """Samples of every metric; times are whole seconds since the epoch."""

    def __init__(self) -> None:
        """Begin without any."""
        self._metrics: dict[Metric, dict[int, _Minute]] = {}
        self._order: dict[Metric, list[int]] = {}

    def add(self, metric: Metric, at: float, value: float, weight: int = 1) -> None:
        """Add a sample as often as `weight` says."""
        start = int(at // MINUTE) * MINUTE
        minute = self._metrics.setdefault(metric, {}).setdefault(start, _Minute())
        minute.total += value * weight
        minute.samples += weight
        minute.largest = max(minute.largest, value)
        self._order.pop(metric, None)

    def add_line(self, line: Line, filters: Iterable[MetricFilter]) -> None:
        """Add the metrics of a line in embedded metric format, and those of its log group's filters."""
        self._add_embedded(line)
        for each in filters:
            if each.pattern.matches(line.event):
                self.add(each.metric, line.at, each.value, line.weight)

    def _add_embedded(self, line: Line) -> None:
        event = line.event
        for directive in event.get("_aws", {}).get("CloudWatchMetrics", ()):
            for names in directive["Dimensions"]:
                dimensions = frozenset((name, str(event[name])) for name in names)
                for measured in directive["Metrics"]:
                    values = event[measured["Name"]]
                    for value in values if isinstance(values, list) else [values]:
                        metric = Metric(directive["Namespace"], measured["Name"], dimensions)
                        self.add(metric, line.at, value, line.weight)

    def statistic(self, metric: Metric, statistic: str, start: int, end: int) -> float | None:
        """Return Sum, Maximum or SampleCount of the samples in [start, end), None where there are none."""
        minutes = self._minutes(metric, start, end)
        if not minutes:
            return None
        if statistic == "Sum":
            return sum(minute.total for minute in minutes)
        if statistic == "Maximum":
            return max(minute.largest for minute in minutes)
        if statistic == "SampleCount":
            return float(sum(minute.samples for minute in minutes))
        raise NotImplementedError(f"the statistic {statistic}")

    def has_samples(self, metric: Metric, start: int, end: int) -> bool:
        """Return whether there is a sample in [start, end)."""
        return bool(self._minutes(metric, start, end))

    def _minutes(self, metric: Metric, start: int, end: int) -> list[_Minute]:
        found = self._metrics.get(metric)
        if found is None:
            return []
        order = self._order.get(metric)
        if order is None:
            order = self._order[metric] = sorted(found)
        return [found[at] for at in order[bisect_left(order, start) : bisect_left(order, end)]]
