"""DynamoDB in this process, by moto, with tables as the template has them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING, Any

import boto3
from moto import mock_aws
from moto.backends import get_backend
from moto.core.models import DEFAULT_ACCOUNT_ID

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_REGION = "eu-central-1"
# The parameters of CreateTable that no table of the tests has.
_LEFT_OUT = ("throughput", "global_indexes", "indexes", "streams", "sse_specification", "warm_throughput")


@contextmanager
def moto_dynamodb() -> Iterator[DynamoDBClient]:
    """Return a client of an empty DynamoDB; nothing leaves the process."""
    with mock_aws():
        yield boto3.client(
            "dynamodb", region_name=_REGION, aws_access_key_id="testing", aws_secret_access_key="testing"
        )


def create_table(dynamodb: DynamoDBClient, name: str, *keys: str) -> None:
    """Create a table with a partition key and perhaps a sort key, both strings.

    Most tests create several tables: moto makes one in a tenth of the time of a CreateTable request.
    """
    region = getattr(dynamodb.meta, "region_name", _REGION)  # our client has none
    get_backend("dynamodb")[DEFAULT_ACCOUNT_ID][region].create_table(
        name,
        schema=[{"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)],
        attr=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
        billing_mode="PAY_PER_REQUEST",
        tags=[],
        deletion_protection_enabled=False,
        **dict.fromkeys(_LEFT_OUT),
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
