"""The requests of clients, in DynamoDB: `pk = rate#<client id>#<endpoint>#<minute>`, one conditional update each."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from keyturn.adapters.aws.errors import aws_errors
from keyturn.adapters.aws.item_version import ITEM_VERSION

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

RATE_PREFIX = "rate#"
_MINUTE = 60
_KEPT = 2 * _MINUTE


class DynamoDbRates:
    """A RateCounter: all sandboxes count in one item, and a refused request does not change it; `now` in seconds."""

    def __init__(self, dynamodb: DynamoDBClient, table: str, now: Callable[[], float]) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._now = now

    def take(self, client_id: str, endpoint: str, rate: int) -> int:
        """Count one more; return 0 if it is within `rate` a minute, else the seconds until the next minute.

        botocore repeats a request without a response, so that a request may count twice, but always counts once.
        """
        now = self._now()
        minute = math.floor(now / _MINUTE)
        with aws_errors("DynamoDB UpdateItem of a rate"):
            try:
                self._dynamodb.update_item(
                    TableName=self._table,
                    Key={"pk": {"S": f"{RATE_PREFIX}{client_id}#{endpoint}#{minute}"}},
                    UpdateExpression="ADD taken :one SET v = if_not_exists(v, :v), expires_at = :expires_at",
                    ConditionExpression="attribute_not_exists(taken) OR taken < :rate",
                    ExpressionAttributeValues={
                        ":one": {"N": "1"},
                        ":rate": {"N": str(rate)},
                        ":v": {"N": str(ITEM_VERSION)},
                        ":expires_at": {"N": str((minute + 1) * _MINUTE + _KEPT)},
                    },
                )
            except self._dynamodb.exceptions.ConditionalCheckFailedException:
                return math.ceil((minute + 1) * _MINUTE - now)
        return 0
