"""The key rotator's commands: each is one invocation of its function, which alone may touch keys."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from keyturn.domain.errors import KeyturnError

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


class CommandRefused(KeyturnError):
    """The rotator did not do it; the message is its own, with when to try again."""


class RotatorFunction:
    """The rotator of a stack."""

    def __init__(self, functions: LambdaClient, name: str) -> None:
        """Take a client that waits as long as the function may run, and asks once: a rotation repeated is another."""
        self._functions = functions
        self._name = name

    def ask(self, action: str, **details: str) -> dict[str, Any]:
        """Return the rotator's report; raises CommandRefused."""
        event = json.dumps({"action": action, **details}).encode()
        answer = self._functions.invoke(FunctionName=self._name, Payload=event)
        report: dict[str, Any] = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            raise CommandRefused(f"the rotator failed: {report.get('errorMessage', 'its log says why')}")
        if "error" in report:
            wait = report.get("retry_after_seconds")
            later = "" if wait is None else f"; try again in {wait} s"
            raise CommandRefused(f"{report['error']}: {report.get('message', '')}{later}")
        return report
