"""Grants in DynamoDB: each use of a code or of a refresh token is one conditional UpdateItem (R33, R38)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keyturn.adapters.attribute_values import decode_item, encode_item
from keyturn.adapters.aws_errors import aws_errors
from keyturn.adapters.grant_item import (
    KEPT_AFTER_THE_END,
    grant_from_item,
    grant_key,
    grant_to_item,
    refresh_to_attributes,
)
from keyturn.adapters.interactions.interaction_update import use_update
from keyturn.adapters.transactions import transact
from keyturn.domain.errors import AlreadyExists
from keyturn.domain.grant import Grant, Redemption, Rotation, refuse_redemption, refuse_rotation

if TYPE_CHECKING:
    from botocore.exceptions import ClientError
    from mypy_boto3_dynamodb import DynamoDBClient

    from keyturn.domain.interactions.interaction import Interaction


class DynamoDbGrants:
    """A GrantStore."""

    def __init__(self, dynamodb: DynamoDBClient, table: str, interaction_table: str = "") -> None:
        """Take boto3's low-level client and the tables' names."""
        self._dynamodb = dynamodb
        self._table = table
        self._interaction_table = interaction_table

    def create(self, grant: Grant, *, interaction: Interaction | None = None) -> bool:
        """Store a new grant and mark its interaction used, in one transaction; raises AlreadyExists.

        Return False if the interaction is used by another grant or changed since it was read.
        """
        put: dict[str, Any] = {
            "TableName": self._table,
            "Item": encode_item(grant_to_item(grant)),
            "ConditionExpression": "attribute_not_exists(pk)",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        if interaction is not None:
            return self._use(interaction, grant, put)
        with aws_errors("DynamoDB PutItem of a grant"):
            try:
                self._dynamodb.put_item(**put)
            except self._dynamodb.exceptions.ConditionalCheckFailedException as error:
                _check_is_ours(_stored(error), grant)
        return True

    def _use(self, interaction: Interaction, grant: Grant, put: dict[str, Any]) -> bool:
        if interaction.browser_hash is None:
            return False
        update = use_update(interaction, grant_id=grant.gid, now=grant.created_at)
        writes: list[Any] = [{"Put": put}, {"Update": {"TableName": self._interaction_table} | update}]
        if transact(
            lambda token: self._dynamodb.transact_write_items(TransactItems=writes, ClientRequestToken=token), "a grant"
        ):
            return True
        stored = self.get(grant.gid)
        if stored is not None:
            _check_is_ours(stored, grant)
        return stored is not None

    def get(self, gid: str) -> Grant | None:
        """Return the grant, or None; strongly consistent. Raises ItemDamaged."""
        with aws_errors("DynamoDB GetItem of a grant"):
            answer = self._dynamodb.get_item(TableName=self._table, Key=grant_key(gid), ConsistentRead=True)
        item: dict[str, Any] | None = answer.get("Item")
        return None if item is None else grant_from_item(decode_item(item))

    def redeem(self, asked: Redemption) -> None:
        """Note the first and only use of a code; raises GrantRefused, ItemDamaged."""
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
            refuse_redemption(_stored(error), asked)

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
            return refuse_rotation(_stored(error), asked)
        return asked.successor_nonce

    def _update(
        self, gid: str, changes: dict[str, Any], bound: dict[str, str], conditions: list[str], values: dict[str, Any]
    ) -> None:
        """Change the grant, if it has what the changes are bound to and the conditions hold."""
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


def _check_is_ours(stored: Grant | None, grant: Grant) -> None:
    """Raise AlreadyExists for another grant of the same id.

    An attempt of ours that came through and lost its answer is no other grant. It is left as it is: the attempt that
    comes last may come when the code was used, and would give it back.
    """
    if stored is None or stored.code.code_hash != grant.code.code_hash:
        raise AlreadyExists("a grant of this id exists already")


def _stored(error: ClientError) -> Grant | None:
    """Return the grant that was in the way of a write, or None where there is none."""
    item: Any = error.response.get("Item")
    return None if not item else grant_from_item(decode_item(item))
