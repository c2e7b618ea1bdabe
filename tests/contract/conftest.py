"""Fixtures that the suites of several ports share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.fakes.login_stores import LoginStores, create_login_tables, dynamodb_stores, memory_stores
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
def login_dynamodb(dynamodb: DynamoDBClient) -> DynamoDBClient:
    """Return the same DynamoDB, with empty tables of the login too."""
    create_login_tables(dynamodb)
    return dynamodb


@pytest.fixture(params=["memory", "dynamodb"])
def stores(request: pytest.FixtureRequest) -> LoginStores:
    """Return the login's empty stores of each kind."""
    if request.param == "memory":
        return memory_stores()
    return dynamodb_stores(request.getfixturevalue("login_dynamodb"))


@pytest.fixture
def clock() -> SteppedSeconds:
    """Return a time that the test moves."""
    return SteppedSeconds()
