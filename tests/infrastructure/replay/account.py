"""The part of an account that alarms read: functions on Lambda with their log groups and metrics, by the template.

The records are those of awslambdaric (`log_error`) and the platform events of Lambda's telemetry API. Lambda writes
these at the system log level WARN for a failed invocation.
"""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from tests.infrastructure.native_template import NativeTemplate
from tests.infrastructure.replay.alarm import Alarm, Reading, State
from tests.infrastructure.replay.measurements import Line, Measurements, Metric, MetricFilter

_MILLISECONDS = 1000


class Account:
    """One stack, as CloudWatch sees it."""

    def __init__(self, template: NativeTemplate) -> None:
        """Begin with nothing measured."""
        self._template = template
        self.measured = Measurements()
        self.alarms = {
            name: Alarm(name, properties) for name, properties in template.of_type("AWS::CloudWatch::Alarm").items()
        }

    def function(self, logical_id: str) -> Function:
        """Return a function of the template."""
        properties = self._template.properties(logical_id)
        group = properties["LoggingConfig"]["LogGroup"]
        filters = self._template.of_type("AWS::Logs::MetricFilter").values()
        of_group = [MetricFilter(each) for each in filters if each["LogGroupName"] == group]
        return Function(logical_id, properties["Timeout"], self.measured, of_group)

    def measure(self, namespace: str, name: str, at: float, value: float, **dimensions: str) -> None:
        """Add a sample of a service's own metric."""
        self.measured.add(Metric(namespace, name, frozenset(dimensions.items())), at, value)

    def ringing(self, start: int, end: int, reading: Reading) -> set[str]:
        """Return the alarms that were in ALARM at any time."""
        return {
            name
            for name, alarm in self.alarms.items()
            if any(state is State.ALARM for _, state in alarm.replay(self.measured, start, end, reading))
        }


class Function:
    """A function: its invocations, at times in seconds since the epoch; `weight` equal ones happen at once."""

    def __init__(self, logical_id: str, timeout: int, measured: Measurements, filters: Sequence[MetricFilter]) -> None:
        """Take the logical id, the time-out in seconds, where it is measured, and the filters of its log group."""
        self.name = logical_id
        self._timeout = timeout * _MILLISECONDS
        self._measured = measured
        self._filters = filters
        self.events: list[Mapping[str, Any]] = []

    def invoke(self, handler: Callable[[], object], at: float, weight: int = 1) -> object:
        """Run a handler; return its answer, or the exception that it raised."""
        outcome: object
        with self.writing(at, weight):
            try:
                outcome = handler()
            except Exception as error:
                outcome = error
        if isinstance(outcome, Exception):
            self._fail(type(outcome).__name__, str(outcome), at, weight)
        self._count("Errors", at, float(isinstance(outcome, Exception)), weight)
        self._count("Duration", at, 5.0, weight)
        self._count("Throttles", at, 0.0, weight)
        return outcome

    @contextlib.contextmanager
    def writing(self, at: float, weight: int = 1) -> Iterator[None]:
        """Take what is written to stdout for lines of the log."""
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            yield
        for event in map(json.loads, output.getvalue().splitlines()):
            self._write(event, at, weight)

    def fail_to_import(self, at: float, weight: int = 1) -> None:
        """Invoke a function whose module cannot be imported."""
        self._fail("Runtime.ImportModuleError", "Unable to import module 'app': No module named 'x'", at, weight)
        self._count("Errors", at, 1.0, weight)

    def end_sandbox(self, error: str, at: float, weight: int = 1) -> None:
        """Invoke a function whose process ends: Runtime.OutOfMemory, Runtime.ExitError. The runtime writes nothing."""
        self._report(at, weight, status="error", errorType=error)
        self._count("Errors", at, 1.0, weight)

    def time_out(self, at: float, weight: int = 1) -> None:
        """Invoke a function that Lambda ends at its time-out."""
        self._report(at, weight, status="timeout")
        self._count("Errors", at, 1.0, weight)
        self._count("Duration", at, float(self._timeout), weight)

    def throttle(self, at: float, weight: int = 1) -> None:
        """Invoke a function that Lambda throttles: the log stays empty."""
        self._count("Throttles", at, 1.0, weight)

    def _fail(self, kind: str, message: str, at: float, weight: int) -> None:
        record = {"errorMessage": message, "errorType": kind, "requestId": "r", "stackTrace": []}
        self._write({"timestamp": "t", "level": "ERROR", **record}, at, weight)
        self._report(at, weight, status="error", errorType=kind)

    def _report(self, at: float, weight: int, **result: str) -> None:
        self._write({"time": "t", "type": "platform.report", "record": {"requestId": "r", **result}}, at, weight)

    def _write(self, event: Mapping[str, Any], at: float, weight: int) -> None:
        self.events.append(event)
        # Lambda's log-level filter at WARN must keep each line of ours that an alarm counts.
        if "event" in event and any(each.pattern.matches(event) for each in self._filters):
            assert event["level"] in {"WARN", "ERROR"}, event
        self._measured.add_line(Line(at, event, weight), self._filters)

    def _count(self, name: str, at: float, value: float, weight: int) -> None:
        metric = Metric("AWS/Lambda", name, frozenset({("FunctionName", self.name)}))
        self._measured.add(metric, at, value, weight)


def every(seconds: float, start: int, end: int) -> Iterator[float]:
    """Return times from the start on, so many seconds apart."""
    count = int((end - start) // seconds)
    return (start + seconds * number for number in range(count))
