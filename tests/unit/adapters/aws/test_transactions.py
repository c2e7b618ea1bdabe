"""Causes of a cancelled transaction, and further attempts where others wrote at the same time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from keyturn.adapters.aws.transactions import failed_conditions, outlast_conflicts, transact
from keyturn.domain.errors import AccessDenied, StoreUnavailable, Throttled

STORED = {"pk": {"S": "u#1"}}


def cancelled(*codes: str, item: dict[str, Any] | None = None) -> ClientError:
    """Return the error of a transaction that was cancelled for these reasons."""
    reasons = [{"Code": code} | ({"Item": item} if item and code == "ConditionalCheckFailed" else {}) for code in codes]
    answer: Any = {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": reasons}
    return ClientError(answer, "TransactWriteItems")


def failed(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "arn:aws:secret"}}, "TransactWriteItems")


class Sender:
    """Raises these errors one after the other, and then succeeds; `tokens` are what it was called with."""

    def __init__(self, *errors: ClientError) -> None:
        self._errors = list(errors)
        self.tokens: list[str] = []
        self.pauses: list[float] = []

    def __call__(self, token: str = "") -> str:
        self.tokens.append(token)
        if self._errors:
            raise self._errors.pop(0)
        return "done"


def test_a_transaction_is_done() -> None:
    """One attempt with a token of its own says so."""
    sender = Sender()
    assert transact(sender, "a test", pause=sender.pauses.append)
    assert (len(sender.tokens), len(sender.tokens[0]), sender.pauses) == (1, 32, [])


@pytest.mark.parametrize("item", [None, STORED])
def test_a_failed_condition_is_an_answer(item: dict[str, Any] | None) -> None:
    """A condition that fails decides, also beside a conflict: no further attempt."""
    sender = Sender(cancelled("None", "ConditionalCheckFailed", "TransactionConflict", item=item))
    assert not transact(sender, "a test", pause=sender.pauses.append)
    assert len(sender.tokens) == 1


@pytest.mark.parametrize("error", [cancelled("TransactionConflict", "None"), failed("TransactionInProgressException")])
def test_a_conflict_is_tried_again(error: ClientError) -> None:
    """A transaction that met another one is sent again with a new token, each time after a longer pause."""
    sender = Sender(error, error, error)
    assert transact(sender, "a test", pause=sender.pauses.append)
    assert len(set(sender.tokens)) == 4
    assert sender.pauses == [0.05, 0.1, 0.2]


def test_a_conflict_that_stays_is_a_fault() -> None:
    """After four attempts nothing may be concluded."""
    sender = Sender(*[cancelled("TransactionConflict")] * 4)
    with pytest.raises(StoreUnavailable, match="the transaction of a test met other writers 4 times"):
        transact(sender, "a test", pause=sender.pauses.append)
    assert len(sender.tokens) == 4


@pytest.mark.parametrize(
    ("error", "fault", "message"),
    [
        (cancelled("ThrottlingError", "None"), Throttled, "DynamoDB throttled the transaction of a test"),
        (cancelled("ProvisionedThroughputExceeded", "TransactionConflict"), Throttled, "throttled"),
        (
            cancelled("ValidationError", "ItemCollectionSizeLimitExceeded"),
            StoreUnavailable,
            "DynamoDB cancelled the transaction of a test: ItemCollectionSizeLimitExceeded, ValidationError",
        ),
        (failed("AccessDeniedException"), AccessDenied, "DynamoDB TransactWriteItems of a test: AccessDenied"),
        (failed("ThrottlingException"), Throttled, "ThrottlingException"),
        (failed("InternalServerError"), StoreUnavailable, "InternalServerError"),
    ],
)
def test_other_causes_are_faults(error: ClientError, fault: type[Exception], message: str) -> None:
    """A cause that decides nothing is a fault, whose text has AWS's code alone."""
    with pytest.raises(fault, match=message) as raised:
        transact(Sender(error), "a test", pause=lambda seconds: None)
    assert "arn" not in str(raised.value)


def test_the_stored_items_of_failed_conditions() -> None:
    """Each failed condition has an item, perhaps an empty one; a conflict has none."""
    assert failed_conditions(cancelled("ConditionalCheckFailed", "None", item=STORED), "a test") == [STORED]
    assert failed_conditions(cancelled("ConditionalCheckFailed"), "a test") == [{}]
    assert failed_conditions(cancelled("TransactionConflict"), "a test") == []


def test_one_write_outlasts_a_transaction() -> None:
    """A write that met a transaction is sent again, three times at most."""
    conflict = failed("TransactionConflictException")
    for conflicts in range(4):
        sender = Sender(*[conflict] * conflicts)
        assert outlast_conflicts(sender, pause=sender.pauses.append) == "done"
        assert len(sender.pauses) == conflicts
    _raises("TransactionConflictException", Sender(*[conflict] * 4))
    _raises("ConditionalCheckFailedException", Sender(failed("ConditionalCheckFailedException")))


@pytest.mark.parametrize(("retries", "counted"), [((0, 0), 1), ((1, 0), 2), ((1, 1), 3), ((None, None), 1)])
def test_an_error_counts_the_attempts_before_the_conflict(retries: tuple[int | None, ...], counted: int) -> None:
    """An adapter reads from the last error whether an earlier attempt, before the conflict, may have made the write."""
    errors = [failed(code) for code in ("TransactionConflictException", "ConditionalCheckFailedException")]
    for error, retried in zip(errors, retries, strict=True):
        if retried is not None:
            error.response["ResponseMetadata"] = {"RetryAttempts": retried}  # type: ignore[typeddict-item]
    with pytest.raises(ClientError, match="ConditionalCheckFailed") as raised:
        outlast_conflicts(Sender(*errors), pause=lambda seconds: None)
    assert raised.value.response["ResponseMetadata"]["RetryAttempts"] == counted


def _raises(code: str, sender: Callable[[], str]) -> None:
    with pytest.raises(ClientError, match=code):
        outlast_conflicts(sender, pause=lambda seconds: None)
