"""Commands of the key rotator: each is one invocation of its function, which alone may change keys."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from keyturn_cli.errors import CommandError

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


class CommandRefused(CommandError):
    """The rotator did not carry out the command; the message is the rotator's."""


class RotatorFunction:
    """The rotator of a stack.

    `functions` waits as long as the function may run, and sends a call once: a repeated rotation is a second one.
    """

    def __init__(self, functions: LambdaClient, name: str) -> None:
        self._functions = functions
        self._name = name

    def ask(self, action: str, **details: str) -> dict[str, Any]:
        """Return the rotator's report; raises CommandRefused."""
        event = json.dumps({"action": action, **details}).encode()
        answer = self._functions.invoke(FunctionName=self._name, Payload=event)
        report: dict[str, Any] = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            raise CommandRefused(
                f"the rotator failed: {report.get('errorMessage', 'it gave no reason')}", "read the function's log"
            )
        if "error" in report:
            wait = report.get("retry_after_seconds")
            later = "`keyturn keys plan` shows what comes next" if wait is None else f"try again in {wait} s"
            raise CommandRefused(f"{report['error']}: {report.get('message', '')}", later)
        return report
