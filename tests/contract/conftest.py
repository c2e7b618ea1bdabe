"""Fixtures that the suites of several ports share: each adapter runs on boto3's client, and on ours over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.fakes.login_stores import LoginStores, create_login_tables, dynamodb_stores, memory_stores
from tests.fakes.moto_connections import http_dynamodb as over_http
from tests.fakes.moto_dynamodb import create_table, moto_dynamodb, serialize_calls
from tests.fakes.stepped_clock import SteppedSeconds

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.fixture
def boto3_dynamodb() -> Iterator[DynamoDBClient]:
    """Return DynamoDB with empty tables of clients and of grants, whose calls come one after the other."""
    with moto_dynamodb() as client:
        create_table(client, "clients", "pk")
        create_table(client, "grants", "pk")
        serialize_calls(client)
        yield client


@pytest.fixture
def http_dynamodb(boto3_dynamodb: DynamoDBClient) -> DynamoDBClient:
    """Return our client of the same DynamoDB."""
    return over_http(boto3_dynamodb)


@pytest.fixture(params=["boto3", "http"])
def dynamodb(request: pytest.FixtureRequest) -> DynamoDBClient:
    """Return each client of that DynamoDB."""
    client: DynamoDBClient = request.getfixturevalue(f"{request.param}_dynamodb")
    return client


@pytest.fixture
def login_dynamodb(dynamodb: DynamoDBClient) -> DynamoDBClient:
    """Return the same DynamoDB, with empty tables of the login too."""
    create_login_tables(dynamodb)
    return dynamodb


@pytest.fixture(params=["memory", "boto3", "http"])
def stores(request: pytest.FixtureRequest) -> LoginStores:
    """Return the login's empty stores of each kind."""
    if request.param == "memory":
        return memory_stores()
    client = request.getfixturevalue(f"{request.param}_dynamodb")
    create_login_tables(client)
    return dynamodb_stores(client)


@pytest.fixture
def clock() -> SteppedSeconds:
    """Return a time that the test moves."""
    return SteppedSeconds()
