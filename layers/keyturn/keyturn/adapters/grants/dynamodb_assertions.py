"""Used client assertions in DynamoDB: `pk = assertion#<client id>#<SHA-256 of the jti>`, one conditional write each."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from keyturn.adapters.aws.attribute_values import encode_item
from keyturn.adapters.aws.errors import aws_errors
from keyturn.adapters.aws.item_version import ITEM_VERSION
from keyturn.adapters.aws.own_writes import is_of_attempt, new_attempt

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ASSERTION_PREFIX = "assertion#"


class DynamoDbAssertions:
    """Records the client assertions that were used, each once."""

    def __init__(self, dynamodb: DynamoDBClient, table: str, now: Callable[[], float]) -> None:
        """`now` returns the time in seconds, never later than the present."""
        self._dynamodb = dynamodb
        self._table = table
        self._now = now

    def use(self, client_id: str, jti: str, expires_at: int) -> bool:
        """Store an assertion until it expires; return False if it was used before.

        The condition ignores an expired item that TTL has not deleted yet. The client sends a write without a response
        again: `attempt`, a random name of this call, distinguishes its own earlier write from another request's.
        """
        digest = hashlib.sha256(jti.encode("utf-8", "surrogatepass")).hexdigest()
        attempt = new_attempt()
        key = {"pk": f"{ASSERTION_PREFIX}{client_id}#{digest}"}
        with aws_errors("DynamoDB PutItem of an assertion"):
            try:
                self._dynamodb.put_item(
                    TableName=self._table,
                    Item=encode_item(key | {"v": ITEM_VERSION, "expires_at": expires_at, "attempt": attempt}),
                    ConditionExpression="attribute_not_exists(pk) OR expires_at <= :now",
                    ExpressionAttributeValues={":now": {"N": str(math.floor(self._now()))}},
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
            except self._dynamodb.exceptions.ConditionalCheckFailedException as error:
                return is_of_attempt(error, attempt)
        return True
