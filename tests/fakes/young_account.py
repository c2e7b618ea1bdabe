"""An account right after a deployment created its roles and keys: IAM and KMS do not know them everywhere yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

Refuse = Callable[[str, int], str | None]


class Waits(list[float]):
    """Pauses that pass time instead of waiting."""

    @property
    def seconds(self) -> float:
        """The time that passed."""
        return sum(self)


class Refused(NamedTuple):
    """A refused call: the operation and the error code."""

    operation: str
    code: str


class YoungAccount:
    """Answers the calls of boto3's clients with error codes; `refuse` takes the operation and its earlier calls."""

    def __init__(self, refuse: Refuse, *clients: Any) -> None:
        self._refuse = refuse
        self._clients = clients
        self._calls: Counter[str] = Counter()
        self.refused: list[Refused] = []
        for client in clients:
            client.meta.events.register("before-call", self._answer)

    def settle(self) -> None:
        """Refuse no further call."""
        for client in self._clients:
            client.meta.events.unregister("before-call", self._answer)

    def _answer(self, model: Any, **_event: Any) -> tuple[AWSResponse, dict[str, Any]] | None:
        code = self._refuse(model.name, self._calls[model.name])
        self._calls[model.name] += 1
        if code is None:
            return None
        self.refused.append(Refused(model.name, code))
        return AWSResponse("", 400, HTTPHeaders(), None), {
            "Error": {"Code": code, "Message": ""},
            "ResponseMetadata": {},
        }
