"""Operator actions of the login: each is one invocation of the login's function, the only writer of its tables."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from keyturn_cli.errors import CommandError
from keyturn_cli.stack_function import StackFunction

_SHOW_USER = "check the values, and the user with `keyturn users show`"


class ActionRefused(CommandError):
    """The login decided against the action and changed nothing; `code` is for programs, the message for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message, _SHOW_USER)
        self.code = code


class ActionUnknown(CommandError):
    """The login failed or did not answer: the action may be done in whole or in part."""


class LoginFunction(StackFunction):
    """The login of a stack."""

    def ask(self, action: str, **details: Any) -> dict[str, Any]:
        """Return the response to an action; raises ActionRefused and ActionUnknown."""
        try:
            report, is_failure = self._invoke({"keyturn": action, **details})
        except (BotoCoreError, ClientError, ValueError) as fault:
            raise ActionUnknown(f"the login did not answer: {fault}", _SHOW_USER) from None
        if is_failure or not isinstance(report, dict):
            # The function's own text may repeat the details of the action.
            raise ActionUnknown("the login failed", "read the function's log")
        if "error" in report:
            raise ActionRefused(str(report["error"]), str(report.get("message", report["error"])))
        return report
