"""The login function of a stack in moto: its invocations, as botocore sends them, are answered in this process."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from botocore import handlers
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from moto.core.botocore_stubber import MockRawResponse

FUNCTION = "login"


class LoginInvocations:
    """Answers by `actions` and notes the events.

    `fault` is raised instead of an answer: before the action, or after it if `lost`. `function_error` marks the answer
    as that of a function that raised.
    """

    def __init__(self, actions: Callable[[dict[str, Any]], Any]) -> None:
        self.actions = actions
        self.events: list[dict[str, Any]] = []
        self.fault: Exception | None = None
        self.lost = False
        self.function_error = False

    def before_send(self, request: Any, event_name: str, **_other: Any) -> AWSResponse | None:
        """Return the answer to an invocation of the login; None lets any other request pass."""
        if f"/functions/{FUNCTION}/invocations" not in request.url:
            return None
        event: dict[str, Any] = json.loads(request.body)
        self.events.append(event)
        if self.fault is not None and not self.lost:
            raise self.fault
        answer = self.actions(event)
        if self.fault is not None:
            raise self.fault
        headers = HTTPHeaders()
        if self.function_error:
            headers["x-amz-function-error"] = "Unhandled"
        return AWSResponse(request.url, 200, headers, MockRawResponse(json.dumps(answer)))


@contextmanager
def login_function(actions: Callable[[dict[str, Any]], Any]) -> Iterator[LoginInvocations]:
    """Deploy a login that answers by these actions."""
    invocations = LoginInvocations(actions)
    known = [("before-send", invocations.before_send), *handlers.BUILTIN_HANDLERS]
    with mock.patch.object(handlers, "BUILTIN_HANDLERS", known):
        yield invocations
