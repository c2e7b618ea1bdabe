"""A function of the stack that the operator's command invokes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_lambda import LambdaClient


class Invocation(NamedTuple):
    """The JSON value that the function returned, and whether it is Lambda's description of a failure."""

    report: Any
    is_failure: bool


class StackFunction:
    """A function by its name.

    `functions` waits as long as the function may run, and sends a call once: a repeated action is a second one.
    """

    def __init__(self, functions: LambdaClient, name: str) -> None:
        self._functions = functions
        self._name = name

    def _invoke(self, event: Mapping[str, Any]) -> Invocation:
        """Return the result of one invocation; raises botocore's errors, or ValueError without JSON."""
        response = self._functions.invoke(FunctionName=self._name, Payload=json.dumps(event).encode())
        return Invocation(json.loads(response["Payload"].read()), "FunctionError" in response)
