"""An answer of DynamoDB that never arrives: the call has its effect, and the client sends it again by itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ReadTimeoutError

from tests.fakes.moto_connections import HttpDynamoDb

if TYPE_CHECKING:
    import pytest
    from mypy_boto3_dynamodb import DynamoDBClient


@contextmanager
def lost_answer(dynamodb: DynamoDBClient, operation: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Lose the first answer to an operation; yields the operations that are sent, each attempt of them."""
    client: object = dynamodb
    if isinstance(client, HttpDynamoDb):
        client.connections.requests.clear()
        client.connections.lose = operation
        sent: list[str] = []
        yield sent
        sent += client.connections.operations
        return
    with _lost_by_boto3(dynamodb, operation, monkeypatch) as sent:
        yield sent


@contextmanager
def _lost_by_boto3(dynamodb: DynamoDBClient, operation: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    sent: list[str] = []

    def lose(event_name: str, **_event: Any) -> None:
        sent.append(event_name.rpartition(".")[2])
        if sent[-1] == operation and sent.count(operation) == 1:
            raise ReadTimeoutError(endpoint_url="https://dynamodb")

    with monkeypatch.context() as patch:
        patch.setattr("botocore.endpoint.time.sleep", lambda _seconds: None)
        # The last one, so that moto has done what was asked.
        dynamodb.meta.events.register_last("before-send", lose)
        try:
            yield sent
        finally:
            dynamodb.meta.events.unregister("before-send", lose)
