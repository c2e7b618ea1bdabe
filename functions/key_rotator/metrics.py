"""What alarms read: metrics that CloudWatch takes out of the log (embedded metric format)."""

from __future__ import annotations

from aws_lambda_powertools.metrics import MetricUnit, single_metric

NAMESPACE = "Keyturn"


def count_successful_run(function_name: str) -> None:
    """Count a run that did all that was due: a schedule that never fires is seen by the absence of them (I12)."""
    with single_metric(name="SuccessfulRuns", unit=MetricUnit.Count, value=1, namespace=NAMESPACE) as metric:
        metric.add_dimension(name="FunctionName", value=function_name)
