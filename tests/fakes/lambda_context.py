"""The context that Lambda gives a handler."""

from __future__ import annotations

from aws_lambda_powertools.utilities.typing import LambdaContext


def lambda_context(function_name: str = "function", *, deadline: object = None) -> LambdaContext:
    """Return the context of an invocation; `deadline` in milliseconds since the epoch, where awslambdaric keeps it."""
    context = LambdaContext()
    context._function_name = function_name
    context._epoch_deadline_time_in_ms = deadline  # type: ignore[attr-defined]
    return context
