"""Revocations in DynamoDB, written with their feed item in one transaction."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from keyturn.adapters.aws.attribute_values import decode_item
from keyturn.adapters.aws.errors import aws_errors
from keyturn.adapters.aws.transactions import failed_conditions
from keyturn.adapters.revocations.revocation_feed_item import (
    Cause,
    acknowledgement_update,
    feed_item,
    is_acknowledged,
    stored_targets,
    target_update,
)
from keyturn.adapters.revocations.revocation_item import item_name, revocations_from_item, target_key
from keyturn.domain.errors import KeyturnError, StoreUnavailable
from keyturn.domain.revocations.revocation import FEED_OVERLAP, Revocation

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from keyturn.adapters.aws.service_errors import AnswerError
    from keyturn.ports import Clock

_WRITES = 5
_FIRST_PAUSE = 0.05


class DynamoDbRevocationWriter:
    """Writes revocations: strict readers see a revocation at once, snapshots at their next read of the feed.

    `clock` is the one that readers share. `token_lifetime`: the seconds for which any token is accepted after its iat,
    which is the longest token lifetime and the leeway.
    """

    def __init__(
        self,
        dynamodb: DynamoDBClient,
        table: str,
        clock: Clock,
        *,
        token_lifetime: int,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._clock = clock
        self._feed_lifetime = token_lifetime + FEED_OVERLAP
        self._pause = pause

    def revoke(self, revocation: Revocation, *, reason: str, actor: str) -> None:
        """Store the target and its feed item; a stored revocation that is stronger stays.

        A repeat of an acknowledged revocation writes nothing. A target without an acknowledgement gets another feed
        item: its writer may have died before readers could see the first. Raises StoreUnavailable without an
        acknowledgement; the call may then be repeated.
        """
        cause = Cause(reason, actor)
        target_is_due, feed_is_due = self._what_is_due(revocation)
        for attempt in range(_WRITES):
            if not target_is_due and not feed_is_due:
                return
            # The early end of the present: a reader must not skip a feed item of its future or of tomorrow's feed.
            written_at = self._clock.now().earliest
            writes = [self._feed_write(revocation, cause, written_at)] if feed_is_due else []
            if target_is_due:
                writes += self._target_writes(revocation, cause)
            done, obstacle = self._write(writes)
            if obstacle is not None:
                stored = _stored_in(obstacle, revocation)
                target_is_due = _adds_to(stored, revocation)
                revocation = _stronger(revocation, stored)
            elif done:
                target_is_due = False
                if not feed_is_due:
                    return
                if self._clock.now().latest - written_at <= FEED_OVERLAP / 2:
                    self._note_acknowledgement(revocation)
                    return
            else:
                self._pause(_FIRST_PAUSE * 2**attempt)
        raise StoreUnavailable(f"the revocation was not written in time in {_WRITES} attempts")

    def _what_is_due(self, revocation: Revocation) -> tuple[bool, bool]:
        """Return whether the target items are due to be written, and whether a feed item is.

        A target that only gets a later expiry needs no feed item. An item that DynamoDB leaves unprocessed counts as
        absent, and is written again.
        """
        targets = stored_targets(revocation.target)
        keys: list[Any] = [target_key(target) for target in targets]
        with aws_errors("DynamoDB BatchGetItem of a revocation"):
            answer: Any = self._dynamodb.batch_get_item(
                RequestItems={self._table: {"Keys": keys, "ConsistentRead": True}}
            )
        items = [decode_item(item) for item in answer["Responses"].get(self._table, [])]
        target_is_due = len(items) < len(targets) or any(
            _adds_to(_stored_in(item, revocation), revocation) for item in items
        )
        # One of the copies of global holds the note.
        first = item_name(targets[0])
        noted = any(item["pk"] == first and is_acknowledged(item, revocation) for item in items)
        return target_is_due, not noted

    def _note_acknowledgement(self, revocation: Revocation) -> None:
        """Note on the target that snapshots can read the revocation; otherwise a repeat writes another feed item."""
        target = stored_targets(revocation.target)[0]
        # The revocation is valid even if this write fails.
        with (
            suppress(KeyturnError, self._dynamodb.exceptions.ConditionalCheckFailedException),
            aws_errors("DynamoDB UpdateItem of a revocation"),
        ):
            self._dynamodb.update_item(TableName=self._table, **acknowledgement_update(target, revocation))

    def _feed_write(self, revocation: Revocation, cause: Cause, now: float) -> dict[str, Any]:
        item = feed_item(revocation, cause, feed_id=secrets.token_hex(8), now=now, expires_at=now + self._feed_lifetime)
        return {"Put": {"TableName": self._table, "Item": item}}

    def _target_writes(self, revocation: Revocation, cause: Cause) -> list[dict[str, Any]]:
        return [
            {"Update": {"TableName": self._table, **target_update(target, revocation, cause)}}
            for target in stored_targets(revocation.target)
        ]

    def _write(self, writes: list[Any]) -> tuple[bool, dict[str, Any] | None]:
        """Return whether the transaction was done, and the stored item whose condition failed, if one did."""
        with aws_errors("DynamoDB TransactWriteItems of a revocation"):
            try:
                # The token makes the client's own retry of a lost response harmless.
                self._dynamodb.transact_write_items(TransactItems=writes, ClientRequestToken=secrets.token_hex(16))
            except self._dynamodb.exceptions.TransactionInProgressException:
                return False, None
            except self._dynamodb.exceptions.TransactionCanceledException as error:
                return False, _obstacle(error)
        return True, None


class _Stored(NamedTuple):
    """The part of a target in an item: its cutoff, or None, and the expiry of the item."""

    not_before: int | None
    expires_at: int


def _stored_in(item: dict[str, Any], wanted: Revocation) -> _Stored:
    """Return the part of the wanted target; raises ItemDamaged.

    The item of a subject may hold other cutoffs than the wanted one.
    """
    found = revocations_from_item(item, stored_targets(wanted.target))
    return _Stored(next((each.not_before for each in found), None), int(item["expires_at"]))


def _obstacle(error: AnswerError) -> dict[str, Any] | None:
    """Return the stored item that failed the condition, or None for a conflict, which a retry resolves."""
    items = filter(None, failed_conditions(error, "a revocation"))
    return next((decode_item(item) for item in items), None)


def _adds_to(stored: _Stored, wanted: Revocation) -> bool:
    """Return whether the wanted revocation refuses more tokens than the stored one, or expires later."""
    stronger = _stronger(wanted, stored)
    return (stronger.not_before, stronger.expires_at) != (stored.not_before, stored.expires_at)


def _stronger(wanted: Revocation, stored: _Stored) -> Revocation:
    """Return the revocation that refuses every token that one of the two refuses."""
    cutoffs = [cutoff for cutoff in (wanted.not_before, stored.not_before) if cutoff is not None]
    return Revocation(
        wanted.target,
        expires_at=max(wanted.expires_at, stored.expires_at),
        not_before=max(cutoffs, default=None),
    )
