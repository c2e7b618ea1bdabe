"""The requests of clients, in DynamoDB: `pk = rate#<client id>#<endpoint>#<minute>`, one conditional update each."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from keyturn.adapters.aws.bounded_counter import count_one

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

RATE_PREFIX = "rate#"
_MINUTE = 60
_KEPT = 2 * _MINUTE


class DynamoDbRates:
    """Counts the requests of a client in a minute in one item, which a refused request does not change.

    `now` returns seconds.
    """

    def __init__(self, dynamodb: DynamoDBClient, table: str, now: Callable[[], float]) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._now = now

    def take(self, client_id: str, endpoint: str, rate: int) -> int:
        """Count one more; return 0 if it is within `rate` a minute, else the seconds until the next minute."""
        now = self._now()
        end = (math.floor(now / _MINUTE) + 1) * _MINUTE
        key = {"pk": {"S": f"{RATE_PREFIX}{client_id}#{endpoint}#{end // _MINUTE - 1}"}}
        counter = {"TableName": self._table, "Key": key}
        is_within = count_one(self._dynamodb, counter, "a rate", limit=rate, expires_at=end + _KEPT)
        return 0 if is_within else math.ceil(end - now)
