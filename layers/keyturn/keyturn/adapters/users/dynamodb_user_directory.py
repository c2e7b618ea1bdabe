"""The operator's reads of users in DynamoDB: one by subject or address, or all of them page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keyturn.adapters.attribute_values import decode_item
from keyturn.adapters.aws_errors import aws_errors
from keyturn.adapters.users.authority_item import authority_from_item, authority_key
from keyturn.adapters.users.dynamodb_users import DynamoDbUsers
from keyturn.adapters.users.user_item import reservation_key, user_from_item, user_key
from keyturn.domain.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_dynamodb import DynamoDBClient

    from keyturn.domain.users.authority import Authority
    from keyturn.domain.users.user import User

# DynamoDB takes at most as many keys in one BatchGetItem.
_PAGE = 100
_READS = 5


class DynamoDbUserDirectory(DynamoDbUsers):
    """A UserDirectory over UserTable and AuthorityTable."""

    def __init__(self, dynamodb: DynamoDBClient, user_table: str, authority_table: str) -> None:
        super().__init__(dynamodb, user_table)
        self._directory = dynamodb
        self._user_table = user_table
        self._authority_table = authority_table
