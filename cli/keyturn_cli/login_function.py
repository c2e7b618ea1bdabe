"""Operator actions of the login: each is one invocation of the login's function, the only writer of its tables."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from keyturn_cli.errors import CommandError

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


_SHOW_USER = "check the values, and the user with `keyturn users show`"


class ActionRefused(CommandError):
    """The login decided against the action and changed nothing; `code` is for programs, the message for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message, _SHOW_USER)
        self.code = code


class ActionUnknown(CommandError):
    """The login failed or did not answer: the action may be done in whole or in part."""


class LoginFunction:
    """The login of a stack.

    `functions` waits as long as the function may run, and sends a call once: a repeated action is a second one.
    """

    def __init__(self, functions: LambdaClient, name: str) -> None:
        self._functions = functions
        self._name = name

    def ask(self, action: str, **details: Any) -> dict[str, Any]:
        """Return the response to an action; raises ActionRefused and ActionUnknown."""
        event = json.dumps({"keyturn": action, **details}).encode()
        try:
            answer = self._functions.invoke(FunctionName=self._name, Payload=event)
            report = json.loads(answer["Payload"].read())
        except (BotoCoreError, ClientError, ValueError) as fault:
            raise ActionUnknown(f"the login did not answer: {fault}", _SHOW_USER) from None
        if "FunctionError" in answer or not isinstance(report, dict):
            # The function's own text may repeat the details of the action.
            raise ActionUnknown("the login failed", "read the function's log")
        if "error" in report:
            raise ActionRefused(str(report["error"]), str(report.get("message", report["error"])))
        return report
