"""What the suites of several ports share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.fakes.moto_dynamodb import create_table, moto_dynamodb, serialize_calls
from tests.fakes.stepped_clock import SteppedSeconds

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.fixture
def dynamodb() -> Iterator[DynamoDBClient]:
    """Return DynamoDB with empty tables of clients and of grants, whose calls come one after the other."""
    with moto_dynamodb() as client:
        create_table(client, "clients", "pk")
        create_table(client, "grants", "pk")
        serialize_calls(client)
        yield client


@pytest.fixture
def clock() -> SteppedSeconds:
    """Return a time that the test moves."""
    return SteppedSeconds()
