"""The operator's reads of all users in DynamoDB, page by page: status and profile are in two tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keyturn.adapters.aws.attribute_values import decode_item
from keyturn.adapters.aws.errors import aws_errors
from keyturn.adapters.users.authority_item import authority_from_item, authority_key
from keyturn.adapters.users.user_item import user_from_item, user_key
from keyturn.domain.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_dynamodb import DynamoDBClient

    from keyturn.domain.users.authority import Authority
    from keyturn.domain.users.user import User

# DynamoDB takes at most 100 keys in one BatchGetItem.
_PAGE = 100
_READS = 5


class DynamoDbUserDirectory:
    """Reads all users, a page at a time."""

    def __init__(self, dynamodb: DynamoDBClient, *, user_table: str, authority_table: str) -> None:
        self._dynamodb = dynamodb
        self._user_table = user_table
        self._authority_table = authority_table

    def pages(self, after: str | None = None) -> Iterator[tuple[tuple[Authority, User | None], ...]]:
        """Yield pages of at most 100 users, each at the cost of one Scan and one BatchGetItem; raises ItemDamaged."""
        start: Any = {} if after is None else {"ExclusiveStartKey": authority_key(after)}
        while True:
            with aws_errors("DynamoDB Scan of users"):
                answer: Any = self._dynamodb.scan(
                    TableName=self._authority_table, ConsistentRead=True, Limit=_PAGE, **start
                )
            authorities = [authority_from_item(decode_item(item)) for item in answer["Items"]]
            users = self._profiles([each.subject for each in authorities])
            yield tuple((each, users.get(each.subject)) for each in authorities)
            if "LastEvaluatedKey" not in answer:
                return
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def _profiles(self, subjects: list[str]) -> dict[str, User]:
        keys: list[Any] = [user_key(subject) for subject in subjects]
        found: dict[str, User] = {}
        for _ in range(_READS):
            if not keys:
                return found
            with aws_errors("DynamoDB BatchGetItem of users"):
                answer: Any = self._dynamodb.batch_get_item(
                    RequestItems={self._user_table: {"Keys": keys, "ConsistentRead": True}}
                )
            for item in answer["Responses"].get(self._user_table, []):
                user = user_from_item(decode_item(item))
                found[user.subject] = user
            keys = [key for rest in answer["UnprocessedKeys"].values() for key in rest["Keys"]]
        if keys:
            # A profile without a response may exist.
            raise StoreUnavailable(f"DynamoDB left {len(keys)} keys unprocessed")
        return found
