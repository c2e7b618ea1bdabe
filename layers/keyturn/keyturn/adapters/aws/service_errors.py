"""Errors in responses of AWS's services, with the shape of botocore's ClientError, so that adapters read both alike."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any, Protocol

    class AnswerError(Protocol):
        """An error of boto3's client or of ours."""

        @property
        def response(self) -> Any:
            """The response's members, with its Error."""


class ServiceError(Exception):
    """A service answered with an error; `response` has its Code and Message, and the members that came with it."""

    def __init__(self, call: str, response: dict[str, Any]) -> None:
        super().__init__(f"{call}: {response['Error']['Code']}")
        self.response = response


class ConditionalCheckFailedException(ServiceError):
    """The condition of a write failed; `response` has the stored Item if the write requested it."""


class TransactionCanceledException(ServiceError):
    """DynamoDB did not make a transaction; `response` has the CancellationReasons."""


class TransactionInProgressException(ServiceError):
    """DynamoDB still works on a transaction with this ClientRequestToken."""


_KINDS: dict[str, type[ServiceError]] = {
    kind.__name__: kind
    for kind in (ConditionalCheckFailedException, TransactionCanceledException, TransactionInProgressException)
}
EXCEPTIONS = SimpleNamespace(**_KINDS)
"""The errors that adapters handle, as `exceptions` of a client."""


def service_error(call: str, status: int, date: str | None, answer: dict[str, Any]) -> ServiceError:
    """Return the error of a response: its code is that of `__type`, without namespace and address, else the status."""
    code = str(answer.get("__type", status)).partition(":")[0].rpartition("#")[2]
    # AWS's services use both spellings.
    message = str(answer.get("message", answer.get("Message", "")))
    response = {
        **answer,
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": {} if date is None else {"date": date}},
    }
    return _KINDS.get(code, ServiceError)(call, response)


def response_errors() -> tuple[type[ServiceError], ...]:
    """Return the errors with a `response`: ours, and botocore's where boto3 is loaded."""
    return (ServiceError, *_of_botocore("ClientError"))


def connection_errors() -> tuple[type[Exception], ...]:
    """Return botocore's errors without a response; ours are StoreUnavailable and AccessDenied already."""
    return _of_botocore("BotoCoreError")


def credentials_errors() -> tuple[type[Exception], ...]:
    """Return botocore's errors of missing credentials."""
    return _of_botocore("NoCredentialsError", "PartialCredentialsError")


def _of_botocore(*names: str) -> tuple[Any, ...]:
    # Importing it would load botocore into functions that call AWS without it.
    loaded = sys.modules.get("botocore.exceptions")
    return () if loaded is None else tuple(getattr(loaded, name) for name in names)
