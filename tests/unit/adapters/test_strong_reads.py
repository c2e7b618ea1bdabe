"""What is decided by an item's last write is read strongly consistent, which an emulator cannot show."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.stub import Stubber

from keyturn.adapters.dynamodb_clients import DynamoDbClients
from keyturn.adapters.dynamodb_grants import DynamoDbGrants
from keyturn.adapters.dynamodb_resource_servers import DynamoDbResourceServers

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.mark.parametrize(
    ("read", "key"),
    [
        (lambda dynamodb: DynamoDbGrants(dynamodb, "table").get("g"), "grant#g"),
        (lambda dynamodb: DynamoDbClients(dynamodb, "table").get("web"), "client#web"),
        (lambda dynamodb: DynamoDbResourceServers(dynamodb, "table").get("https://a"), "resource#https://a"),
    ],
)
def test_the_last_write_is_read(read: Callable[[DynamoDBClient], Any], key: str) -> None:
    """R24, R34, R42: a code that was just used, a client that was just removed and a narrower scope count at once."""
    client = boto3.client("dynamodb", region_name="eu-central-1", aws_access_key_id="x", aws_secret_access_key="x")
    stub = Stubber(client)
    stub.add_response("get_item", {}, {"TableName": "table", "Key": {"pk": {"S": key}}, "ConsistentRead": True})
    with stub:
        assert read(client) is None
    stub.assert_no_pending_responses()
