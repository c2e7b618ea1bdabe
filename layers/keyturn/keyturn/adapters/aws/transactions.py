"""Transactions of DynamoDB: their results, the reasons of a cancelled one, and repeats after a conflict."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Any, TypeVar

from keyturn.adapters.aws.errors import aws_errors, error_code
from keyturn.adapters.aws.service_errors import response_errors
from keyturn.domain.errors import StoreUnavailable, Throttled

if TYPE_CHECKING:
    from collections.abc import Callable

    from keyturn.adapters.aws.service_errors import AnswerError

Answer = TypeVar("Answer")

_ATTEMPTS = 4
_FIRST_PAUSE = 0.05
_THROTTLED = frozenset({"ThrottlingError", "ProvisionedThroughputExceeded"})


def transact(send: Callable[[str], object], what: str, *, pause: Callable[[float], None] = time.sleep) -> bool:
    """Return whether the transaction was done: False if a condition of it fails.

    `send` sends it with this ClientRequestToken, which makes the client's own second attempt harmless. After a conflict
    with another transaction it is sent again. Raises Throttled, AccessDenied, StoreUnavailable.
    """
    for attempt in range(_ATTEMPTS):
        with aws_errors(f"DynamoDB TransactWriteItems of {what}"):
            try:
                send(secrets.token_hex(16))
            except response_errors() as error:
                if error_code(error) == "TransactionCanceledException":
                    if failed_conditions(error, what):
                        return False
                elif error_code(error) != "TransactionInProgressException":
                    raise
            else:
                return True
        pause(_FIRST_PAUSE * 2**attempt)
    raise StoreUnavailable(f"the transaction of {what} met other writers {_ATTEMPTS} times")


def outlast_conflicts(send: Callable[[], Answer], *, pause: Callable[[float], None] = time.sleep) -> Answer:
    """Return the response to one write, sent again while a transaction locks its item.

    DynamoDB refuses such a write with TransactionConflictException, which the client does not retry. The
    `RetryAttempts` of an error count all attempts: one before the conflict may have made the write.
    """
    pauses = [_FIRST_PAUSE * 2**attempt for attempt in range(_ATTEMPTS - 1)]
    sent = 0
    while True:
        try:
            return send()
        except response_errors() as error:
            metadata: Any = error.response.setdefault("ResponseMetadata", {})
            sent += 1 + metadata.get("RetryAttempts", 0)
            metadata["RetryAttempts"] = sent - 1
            if error_code(error) != "TransactionConflictException" or not pauses:
                raise
        pause(pauses.pop(0))


def failed_conditions(error: AnswerError, what: str) -> list[dict[str, Any]]:
    """Return the stored item of each condition that cancelled a transaction, as attribute values.

    An item is empty if the store lacks it, or the write did not request it. An empty list means a conflict with another
    transaction, which a retry resolves. Raises Throttled, StoreUnavailable for other causes.
    """
    reasons: list[Any] = [*error.response.get("CancellationReasons", ())]
    failed = [reason.get("Item") or {} for reason in reasons if reason.get("Code") == "ConditionalCheckFailed"]
    if failed:
        return failed
    codes = {str(reason.get("Code")) for reason in reasons} - {"None"}
    if codes & _THROTTLED:
        raise Throttled(f"DynamoDB throttled the transaction of {what}")
    if codes <= {"TransactionConflict"}:
        return []
    raise StoreUnavailable(f"DynamoDB cancelled the transaction of {what}: {', '.join(sorted(codes))}")
