"""Counters with a limit in DynamoDB: all sandboxes count in one item, by one conditional update for each request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keyturn.adapters.aws.attribute_values import encode_item
from keyturn.adapters.aws.errors import aws_errors
from keyturn.adapters.aws.item_version import ITEM_VERSION
from keyturn.adapters.aws.own_writes import is_of_attempt, new_attempt

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def count_one(dynamodb: DynamoDBClient, counter: dict[str, Any], what: str, *, limit: int, expires_at: int) -> bool:
    """Count one more request in an item; return False, with nothing changed, if `limit` requests are counted.

    `counter` has the arguments TableName and Key. The item names the last counted call as `attempt`: the client's own
    second attempt counts nothing. If other requests were counted meanwhile, it counts twice, and the limit holds.
    """
    attempt = new_attempt()
    values = {":one": 1, ":limit": limit, ":v": ITEM_VERSION, ":expires_at": expires_at, ":attempt": attempt}
    with aws_errors(f"DynamoDB UpdateItem of {what}"):
        try:
            dynamodb.update_item(
                **counter,
                UpdateExpression="ADD taken :one"
                " SET v = if_not_exists(v, :v), expires_at = :expires_at, attempt = :attempt",
                ConditionExpression="attribute_not_exists(taken) OR (taken < :limit AND"
                " (attribute_not_exists(attempt) OR attempt <> :attempt))",
                ExpressionAttributeValues=encode_item(values),
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except dynamodb.exceptions.ConditionalCheckFailedException as error:
            return is_of_attempt(error, attempt)
    return True
