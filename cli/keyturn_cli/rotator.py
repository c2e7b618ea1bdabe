"""Commands of the key rotator: each is one invocation of its function, which alone may change keys."""

from __future__ import annotations

from typing import Any

from keyturn_cli.errors import CommandError
from keyturn_cli.stack_function import StackFunction


class CommandRefused(CommandError):
    """The rotator did not carry out the command; the message is the rotator's."""


class RotatorFunction(StackFunction):
    """The rotator of a stack."""

    def ask(self, action: str, **details: str) -> dict[str, Any]:
        """Return the rotator's report; raises CommandRefused."""
        report: dict[str, Any]
        report, is_failure = self._invoke({"action": action, **details})
        if is_failure:
            raise CommandRefused(
                f"the rotator failed: {report.get('errorMessage', 'it gave no reason')}", "read the function's log"
            )
        if "error" in report:
            wait = report.get("retry_after_seconds")
            later = "`keyturn keys plan` shows what comes next" if wait is None else f"try again in {wait} s"
            raise CommandRefused(f"{report['error']}: {report.get('message', '')}", later)
        return report
