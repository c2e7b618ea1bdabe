"""Decisions by an item's last write use strongly consistent reads, which an emulator cannot show."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.stub import Stubber

from keyturn.adapters.clients.dynamodb_clients import DynamoDbClients
from keyturn.adapters.clients.dynamodb_resource_servers import DynamoDbResourceServers
from keyturn.adapters.credentials.dynamodb_attempts import DynamoDbAttempts
from keyturn.adapters.credentials.dynamodb_known_browsers import DynamoDbKnownBrowsers
from keyturn.adapters.credentials.dynamodb_passwords import DynamoDbPasswords
from keyturn.adapters.grants.dynamodb_grants import DynamoDbGrants
from keyturn.adapters.interactions.dynamodb_interaction_items import DynamoDbInteractionItems
from keyturn.adapters.sessions.dynamodb_session_reader import DynamoDbSessionReader
from keyturn.adapters.users.dynamodb_user_readers import (
    DynamoDbAuthorityReader,
    DynamoDbConsentReader,
    DynamoDbUserReader,
)
from keyturn.adapters.users.dynamodb_users import DynamoDbUsers

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


ADA = "u_" + "a" * 22


def knows(known_browsers: DynamoDbKnownBrowsers) -> bool:
    return known_browsers.knows(ADA, "h", credential_revision=0, now=0)


@pytest.mark.parametrize(
    ("read", "key"),
    [
        (lambda dynamodb: DynamoDbGrants(dynamodb, "table").get("g"), "grant#g"),
        (lambda dynamodb: DynamoDbClients(dynamodb, "table").get("web"), "client#web"),
        (lambda dynamodb: DynamoDbResourceServers(dynamodb, "table").get("https://a"), "resource#https://a"),
        (lambda dynamodb: DynamoDbAuthorityReader(dynamodb, "table").get(ADA), f"u#{ADA}"),
        (lambda dynamodb: DynamoDbUserReader(dynamodb, "table").get(ADA), f"u#{ADA}/profile"),
        (lambda dynamodb: DynamoDbUsers(dynamodb, "table").find_subject("a@b"), "id#email#a@b/id"),
        (lambda dynamodb: DynamoDbConsentReader(dynamodb, "table").get(ADA, "web"), f"u#{ADA}/consent#web"),
        (lambda dynamodb: DynamoDbSessionReader(dynamodb, "table").get("h"), "s#h/session"),
        (lambda dynamodb: DynamoDbInteractionItems(dynamodb, "table").get("h"), "i#h"),
        (lambda dynamodb: DynamoDbPasswords(dynamodb, "table").get(ADA), f"u#{ADA}/password"),
        (lambda dynamodb: DynamoDbPasswords(dynamodb, "table").get_link("h"), "l#h/link"),
        (lambda dynamodb: DynamoDbAttempts(dynamodb, "table").failures(ADA) or None, f"u#{ADA}/failures"),
        (lambda dynamodb: knows(DynamoDbKnownBrowsers(dynamodb, "table")) or None, f"u#{ADA}/d#h"),
    ],
)
def test_the_last_write_is_read(read: Callable[[DynamoDBClient], Any], key: str) -> None:
    """R24, R34, R42: a code that was just used, a user who was just disabled and a session that ended count at once."""
    client = boto3.client("dynamodb", region_name="eu-central-1", aws_access_key_id="x", aws_secret_access_key="x")
    stub = Stubber(client)
    # A key with a sort key is written with a slash between the two.
    keys = dict(zip(("pk", "sk"), [key] if "//" in key else key.split("/"), strict=False))
    expected = {"TableName": "table", "Key": {name: {"S": value} for name, value in keys.items()}}
    stub.add_response("get_item", {}, expected | {"ConsistentRead": True})
    with stub:
        assert read(client) is None
    stub.assert_no_pending_responses()
