"""What Lambda tells a handler about itself."""

from __future__ import annotations

from aws_lambda_powertools.utilities.typing import LambdaContext


def lambda_context(function_name: str = "function") -> LambdaContext:
    """Return the context of an invocation."""
    context = LambdaContext()
    context._function_name = function_name
    return context
