"""Grants in DynamoDB: each use of a code or of a refresh token is one conditional UpdateItem."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keyturn.adapters.aws.attribute_values import decode_item, encode_item
from keyturn.adapters.aws.errors import aws_errors
from keyturn.adapters.aws.table_reads import TableReads
from keyturn.adapters.grants.grant_item import (
    KEPT_AFTER_THE_END,
    grant_from_item,
    grant_key,
    refresh_to_attributes,
)
from keyturn.domain.grants.grant import Grant, Redemption, Rotation, refuse_redemption, refuse_rotation

if TYPE_CHECKING:
    from keyturn.adapters.aws.service_errors import AnswerError


class DynamoDbGrants(TableReads):
    """Reads grants, and records each use of a code or of a refresh token."""

    def get(self, gid: str) -> Grant | None:
        """Return the grant, or None; strongly consistent. Raises ItemDamaged."""
        item = self._item(grant_key(gid), "a grant")
        return None if item is None else grant_from_item(item)

    def redeem(self, asked: Redemption) -> None:
        """Record the only use of a code; raises GrantRefused, ItemDamaged."""
        refresh = {} if asked.refresh is None else refresh_to_attributes(asked.refresh)
        end = asked.now if asked.refresh is None else asked.refresh.expires_at
        changes = {"redemption": asked.attempt, "expires_at": end + KEPT_AFTER_THE_END} | {
            name: value for name, value in refresh.items() if value is not None
        }
        bound = {
            "code_hash": asked.code_hash,
            "client_id": asked.client_id,
            "redirect_uri": asked.redirect_uri,
        }
        conditions = ["attribute_not_exists(redemption)", "code_expires_at > :now"]
        if asked.challenge is None:
            conditions.append("attribute_not_exists(challenge)")
        else:
            bound["challenge"] = asked.challenge
        try:
            self._update(asked.gid, changes, bound, conditions, {":now": asked.now})
        except self._dynamodb.exceptions.ConditionalCheckFailedException as error:
            refuse_redemption(stored_grant(error), asked)

    def rotate(self, asked: Rotation) -> str:
        """Return the nonce of the presented token's one successor; raises GrantRefused, ItemDamaged."""
        changes = {
            "current_hash": asked.successor_hash,
            "previous_hash": asked.secret_hash,
            "successor_nonce": asked.successor_nonce,
            "rotated_at": asked.earliest,
            "idle_expires_at": asked.idle_expires_at,
        }
        bound = {
            "current_hash": asked.secret_hash,
            "proof_hash": asked.proof_hash,
            "client_id": asked.client_id,
        }
        conditions = ["idle_expires_at > :latest", "refresh_expires_at > :latest"]
        try:
            self._update(asked.gid, changes, bound, conditions, {":latest": asked.latest})
        except self._dynamodb.exceptions.ConditionalCheckFailedException as error:
            return refuse_rotation(stored_grant(error), asked)
        return asked.successor_nonce

    def _update(
        self, gid: str, changes: dict[str, Any], bound: dict[str, str], conditions: list[str], values: dict[str, Any]
    ) -> None:
        """Change the grant if it has the values of `bound` and satisfies the conditions."""
        equal = [f"{name} = :is_{name}" for name in bound]
        values |= {f":{name}": value for name, value in changes.items()}
        values |= {f":is_{name}": value for name, value in bound.items()}
        with aws_errors("DynamoDB UpdateItem of a grant"):
            self._dynamodb.update_item(
                TableName=self._table,
                Key=grant_key(gid),
                UpdateExpression="SET " + ", ".join(f"{name} = :{name}" for name in changes),
                ConditionExpression=" AND ".join([*equal, *conditions]),
                ExpressionAttributeValues=encode_item(values),
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )


def stored_grant(error: AnswerError) -> Grant | None:
    """Return the stored grant that failed a write's condition, or None without one."""
    item: Any = error.response.get("Item")
    return None if not item else grant_from_item(decode_item(item))
