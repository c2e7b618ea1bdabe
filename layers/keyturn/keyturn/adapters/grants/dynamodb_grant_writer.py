"""New grants in DynamoDB: one transaction stores the grant and marks its interaction used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keyturn.adapters.aws.attribute_values import encode_item
from keyturn.adapters.aws.errors import aws_errors
from keyturn.adapters.aws.transactions import transact
from keyturn.adapters.grants.dynamodb_grants import DynamoDbGrants, stored_grant
from keyturn.adapters.grants.grant_item import grant_to_item
from keyturn.adapters.interactions.interaction_update import use_update
from keyturn.domain.errors import AlreadyExists
from keyturn.domain.grants.grant import Grant

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from keyturn.domain.interactions.interaction import Interaction


class DynamoDbGrantWriter(DynamoDbGrants):
    """Stores the grant of a code, and marks its interaction as used in the same transaction."""

    def __init__(self, dynamodb: DynamoDBClient, table: str, interaction_table: str = "") -> None:
        super().__init__(dynamodb, table)
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
                _check_is_ours(stored_grant(error), grant)
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


def _check_is_ours(stored: Grant | None, grant: Grant) -> None:
    """Raise AlreadyExists for another grant of the same id.

    An earlier attempt of this call, whose response was lost, counts as success. The stored grant stays unchanged: a
    late attempt must not make a used code valid again.
    """
    if stored is None or stored.code.code_hash != grant.code.code_hash:
        raise AlreadyExists("a grant of this id exists already")
