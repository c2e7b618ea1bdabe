"""Metrics for the alarms: one line a minute in the embedded metric format, which CloudWatch reads from the log."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from keyturn.domain.time.ages import age

if TYPE_CHECKING:
    from collections.abc import Callable

    from authorizer.sandbox_time import SandboxTime

NAMESPACE = "Keyturn"
_SECONDS = 60.0

_UNITS = {"OldestView": "Percent"}


class Metrics:
    """Counts of this sandbox since the last line, and its gauges; the first line is due in a minute."""

    __slots__ = ("_function", "_gauges", "_refusals", "_time", "_values", "_written_at")

    def __init__(self, function: str, time: SandboxTime) -> None:
        self._function = function
        self._time = time
        self._values: dict[str, float] = {}
        self._refusals: dict[str, dict[str, int]] = {}
        self._gauges: list[Callable[[], dict[str, float]]] = []
        self._written_at = time.now()

    def add_gauge(self, gauge: Callable[[], dict[str, float]]) -> None:
        """Add to each line the values that the gauge returns at that time, by name."""
        self._gauges.append(gauge)

    def count(self, name: str) -> None:
        """Add one to a count."""
        self._values[name] = self._values.get(name, 0) + 1

    def count_refusal(self, api_id: str, reason: str) -> None:
        """Add one to Refusals, and to its count by API and reason, a field beside the metrics: each metric costs."""
        self.count("Refusals")
        reasons = self._refusals.setdefault(api_id, {})
        reasons[reason] = reasons.get(reason, 0) + 1

    @property
    def due(self) -> bool:
        """Whether a minute has passed since the last line, or the wall clock went back."""
        return age(self._written_at, self._time.present()) >= _SECONDS

    def write(self) -> None:
        """Write the line and begin again."""
        self._written_at = self._time.now()
        values, self._values = self._values, {}
        refusals, self._refusals = self._refusals, {}
        for gauge in self._gauges:
            values |= gauge()
        directive = {
            "Namespace": NAMESPACE,
            "Dimensions": [["FunctionName"]],
            "Metrics": [{"Name": name, "Unit": _UNITS.get(name, "Count")} for name in values],
        }
        line = {"_aws": {"Timestamp": int(self._written_at.wall * 1000), "CloudWatchMetrics": [directive]}}
        by_api = {"RefusalsByApi": refusals} if refusals else {}
        sys.stdout.write(json.dumps({**line, "FunctionName": self._function, **values, **by_api}) + "\n")
        sys.stdout.flush()
