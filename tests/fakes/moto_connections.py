"""Connections of DynamoDbReads that hand each operation to moto."""

from __future__ import annotations

from collections.abc import Callable
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

import botocore.exceptions

from keyturn.adapters.aws import http
from tests.fakes.scripted_connection import Answer, ScriptedConnections

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class MotoConnections(ScriptedConnections):
    """Answers each request as moto does, in process and without a socket; `now` is the Date of the answers."""

    def __init__(self, client: DynamoDBClient, now: Callable[[], float] = lambda: 1_790_000_000) -> None:
        super().__init__()
        self._client = client
        self.now = now

    def next(self) -> http.Answer:
        """Return the answer of moto to the last request."""
        headers, request = self.requests[-1]
        method: dict[str, Any] = {
            "GetItem": self._client.get_item,
            "BatchGetItem": self._client.batch_get_item,
            "Query": self._client.query,
        }
        try:
            found: dict[str, Any] = dict(method[headers["X-Amz-Target"].partition(".")[2]](**request))
        except botocore.exceptions.ClientError as error:
            return Answer(400, {"__type": f"com.amazonaws.dynamodb.v20120810#{error.response['Error']['Code']}"})
        found.pop("ResponseMetadata")
        return Answer(200, found, formatdate(self.now(), usegmt=True))
