"""The login's operator actions: each is one invocation of its function, which alone may write its tables."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from keyturn.domain.errors import KeyturnError

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


class ActionRefused(KeyturnError):
    """The login decided against the action and changed nothing; `code` is for programs, the message for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class ActionUnknown(KeyturnError):
    """The login failed or did not answer: the action may be done, or a part of it."""


class LoginFunction:
    """The login of a stack."""

    def __init__(self, functions: LambdaClient, name: str) -> None:
        """Take a client that waits as long as the function may run, and asks once: a repeated action is another."""
        self._functions = functions
        self._name = name

    def ask(self, action: str, **details: Any) -> dict[str, Any]:
        """Return the answer to an action; raises ActionRefused and ActionUnknown."""
        event = json.dumps({"keyturn": action, **details}).encode()
        try:
            answer = self._functions.invoke(FunctionName=self._name, Payload=event)
            report = json.loads(answer["Payload"].read())
        except (BotoCoreError, ClientError, ValueError) as fault:
            raise ActionUnknown(f"the login did not answer: {fault}") from None
        if "FunctionError" in answer or not isinstance(report, dict):
            # The function's own text may repeat what it was given.
            raise ActionUnknown("the login failed: its log says why")
        if "error" in report:
            raise ActionRefused(str(report["error"]), str(report.get("message", report["error"])))
        return report
