"""What alarms read: one line a minute in the embedded metric format, which CloudWatch takes out of the log."""

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
    """Counts and largest values since the last line, of this sandbox."""

    __slots__ = ("_function", "_gauges", "_refusals", "_time", "_values", "_written_at")

    def __init__(self, function: str, time: SandboxTime) -> None:
        """Begin without any; the first line is due in a minute."""
        self._function = function
        self._time = time
        self._values: dict[str, float] = {}
        self._refusals: dict[str, dict[str, int]] = {}
        self._gauges: list[Callable[[], dict[str, float]]] = []
        self._written_at = time.now()

    def read(self, gauge: Callable[[], dict[str, float]]) -> None:
        """Have each line say what the gauge returns then: values by their names."""
        self._gauges.append(gauge)

    def count(self, name: str) -> None:
        """Count one more."""
        self._values[name] = self._values.get(name, 0) + 1

    def count_refusal(self, api_id: str, reason: str) -> None:
        """Count one more of Refusals; by API and reason it is told beside the metrics, since each metric costs."""
        self.count("Refusals")
        reasons = self._refusals.setdefault(api_id, {})
        reasons[reason] = reasons.get(reason, 0) + 1

    def at_most(self, name: str, value: float) -> None:
        """Keep the value if it is the largest."""
        if value > self._values.get(name, -1.0):
            self._values[name] = value

    @property
    def due(self) -> bool:
        """Whether a minute has passed since the last line, or the wall clock went back."""
        return age(self._written_at, self._time.now()) >= _SECONDS

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
        told = {"RefusalsByApi": refusals} if refusals else {}
        sys.stdout.write(json.dumps({**line, "FunctionName": self._function, **values, **told}) + "\n")
        sys.stdout.flush()
