"""Metrics for the alarms, which CloudWatch reads from the log (embedded metric format)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit, single_metric

from keyturn.domain.keys.key_ring import KeyState
from keyturn.domain.keys.key_rotation import overdue

if TYPE_CHECKING:
    from key_rotator.report import Report
    from keyturn.domain.keys.rotation_policy import RotationPolicy

NAMESPACE = "Keyturn"


def count_successful_run(function_name: str) -> None:
    """Count a run that did all that was due: an alarm rings on the absence of runs (invariant I12)."""
    with single_metric(name="SuccessfulRuns", unit=MetricUnit.Count, value=1, namespace=NAMESPACE) as metric:
        metric.add_dimension(name="FunctionName", value=function_name)


def measure_rings(reports: Sequence[Report], policies: Mapping[str, RotationPolicy], function_name: str) -> None:
    """Emit each ring's keys by state, the age of its active key, and the overdue rings (invariant I12).

    A ring that could not be read counts as overdue, since the age of its key is unknown.
    """
    late = 0
    for report in reports:
        if report.ring is None:
            late += 1
            continue
        ring, now = report.ring, report.now
        metrics = EphemeralMetrics(namespace=NAMESPACE)
        metrics.add_dimension(name="FunctionName", value=function_name)
        metrics.add_dimension(name="Ring", value=ring.name)
        for state in KeyState:
            count = sum(key.state is state for key in ring.keys)
            metrics.add_metric(name=f"Keys{state.title().replace('_', '')}", unit=MetricUnit.Count, value=count)
        for key in ring.keys:
            if key.state is KeyState.ACTIVE:
                age = now - (key.activated_at or 0)
                metrics.add_metric(name="ActiveKeyAge", unit=MetricUnit.Seconds, value=age)
        metrics.flush_metrics()
        late += overdue(ring, policies[ring.name], now)
    with single_metric(name="OverdueRings", unit=MetricUnit.Count, value=late, namespace=NAMESPACE) as metric:
        metric.add_dimension(name="FunctionName", value=function_name)
