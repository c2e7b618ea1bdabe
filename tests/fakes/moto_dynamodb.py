"""DynamoDB in this process, by moto, with tables as the template has them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal

import boto3
from moto import mock_aws

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@contextmanager
def moto_dynamodb() -> Iterator[DynamoDBClient]:
    """Return a client of an empty DynamoDB; nothing leaves the process."""
    with mock_aws():
        yield boto3.client(
            "dynamodb", region_name="eu-central-1", aws_access_key_id="testing", aws_secret_access_key="testing"
        )


def create_table(dynamodb: DynamoDBClient, name: str, *keys: str) -> None:
    """Create a table with a partition key and perhaps a sort key, both strings."""
    kinds: tuple[Literal["HASH", "RANGE"], ...] = ("HASH", "RANGE")
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
        KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, kinds, strict=False)],
    )


def serialize_calls(dynamodb: DynamoDBClient) -> None:
    """Let threads call one after the other: DynamoDB orders the writes of an item, and moto does not.

    Other threads may still call between two calls of one thread. A read and a write in place of one conditional write
    is therefore found.
    """
    lock, call = Lock(), dynamodb._make_api_call  # type: ignore[attr-defined]

    def one_at_a_time(*arguments: Any) -> Any:
        with lock:
            return call(*arguments)

    dynamodb._make_api_call = one_at_a_time  # type: ignore[attr-defined]
