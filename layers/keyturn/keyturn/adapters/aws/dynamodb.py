"""Clients of DynamoDB over HTTP, without boto3."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from keyturn.adapters.aws.endpoints import service_origin
from keyturn.adapters.aws.json_service import JsonService, open_patient_connection
from keyturn.adapters.aws.system_clock import wall_seconds

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


class DynamoDb(JsonService):
    """DynamoDB's operations on items."""

    title = "DynamoDB"
    name = "dynamodb"
    target = "DynamoDB_20120810"
    json_version = "1.0"
    operations = frozenset({"BatchGetItem", "DeleteItem", "GetItem", "PutItem", "Query", "UpdateItem"})

    def transact_write_items(self, **request: Any) -> dict[str, Any]:
        """Make a transaction; without a ClientRequestToken it gets one, so that a second attempt is harmless."""
        return self.call("TransactWriteItems", {"ClientRequestToken": os.urandom(16).hex()} | request)


def dynamodb_origin(environ: Mapping[str, str]) -> str:
    """Return DynamoDB's URL, from AWS_ENDPOINT_URL_DYNAMODB first; raises SettingsError."""
    return service_origin(environ, "dynamodb", "AWS_ENDPOINT_URL_DYNAMODB")


def open_dynamodb(environ: Mapping[str, str]) -> DynamoDb:
    """Return a client for a function that reads and writes; raises SettingsError."""
    return DynamoDb(dynamodb_origin(environ), environ, wall_seconds, open_patient_connection, time.sleep)
