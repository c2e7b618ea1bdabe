"""The ClientRegistry port: the fake and the DynamoDB adapter behave alike (R23)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from keyturn.adapters.attribute_values import encode_item
from keyturn.adapters.client_item import client_to_item
from keyturn.adapters.dynamodb_clients import DynamoDbClientRegistry
from keyturn.domain.client import Client, hash_secret
from keyturn.domain.errors import AlreadyExists, ItemDamaged, StoreUnavailable
from tests.fakes.memory_clients import MemoryClients
from tests.fakes.moto_dynamodb import create_table, moto_dynamodb

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from keyturn.ports import ClientRegistry


def make_client(client_id: str = "web", **changes: Any) -> Client:
    """Return a client, with changes."""
    fields: dict[str, Any] = {
        "client_id": client_id,
        "name": "Größe & Co",
        "secret_hashes": (hash_secret("one"), hash_secret("two")),
        "grant_types": frozenset({"client_credentials"}),
        "scopes": frozenset({"orders:read", "orders:write"}),
        "audiences": ("https://b.example", "https://a.example"),
        "introspects": frozenset({"https://a.example"}),
        "created_at": 1_790_000_000,
    }
    return Client(**(fields | changes))


@pytest.fixture
def dynamodb() -> Iterator[DynamoDBClient]:
    """Return DynamoDB with an empty table of clients."""
    with moto_dynamodb() as client:
        create_table(client, "clients", "pk")
        yield client


@pytest.fixture(params=["memory", "dynamodb"])
def store(request: pytest.FixtureRequest) -> ClientRegistry:
    """Return an empty store of each kind."""
    if request.param == "memory":
        return MemoryClients()
    return DynamoDbClientRegistry(request.getfixturevalue("dynamodb"), "clients")


@pytest.mark.parametrize(
    "client",
    [
        make_client(),
        make_client(grant_types=frozenset(), scopes=frozenset(), introspects=frozenset()),
        make_client(secret_hashes=(hash_secret("one"),), created_at=0),
    ],
)
def test_what_is_stored_comes_back(store: ClientRegistry, client: Client) -> None:
    """A client comes back as it was added: the order of its audiences kept, empty sets still there."""
    store.add(client)
    assert store.get("web") == client


@pytest.mark.parametrize("client_id", ["nobody", "WEB", "", "x" * 5000, "é\u0000"])
def test_unknown_client(store: ClientRegistry, client_id: str) -> None:
    """An id that nobody has is None, whatever it looks like."""
    store.add(make_client())
    assert store.get(client_id) is None


def test_same_id_twice(store: ClientRegistry) -> None:
    """A client that exists already is not overwritten."""
    first = make_client()
    store.add(first)
    with pytest.raises(AlreadyExists):
        store.add(make_client(name="another"))
    assert store.get("web") == first


def test_list(store: ClientRegistry) -> None:
    """All clients are listed by id."""
    assert store.list() == ()
    for client_id in ("b", "a", "c"):
        store.add(make_client(client_id))
    assert [client.client_id for client in store.list()] == ["a", "b", "c"]


def test_list_reads_all_pages(dynamodb: DynamoDBClient) -> None:
    """A table of more than one page is listed whole."""
    store = DynamoDbClientRegistry(dynamodb, "clients")
    for number in range(5):
        store.add(make_client(f"client-{number}", scopes=frozenset(f"{n}-{'s' * 1000}" for n in range(300))))
    assert len(store.list()) == 5


def test_list_takes_clients_only(dynamodb: DynamoDBClient) -> None:
    """Other items of the table are not taken for clients."""
    store = DynamoDbClientRegistry(dynamodb, "clients")
    store.add(make_client())
    dynamodb.put_item(TableName="clients", Item={"pk": {"S": "audience#x"}})
    assert [client.client_id for client in store.list()] == ["web"]


@pytest.mark.parametrize(
    "damage",
    [{"v": 9}, {"v": None}, {"name": None}, {"secret_hashes": None}, {"secret_hashes": []}, {"audiences": 7}],
)
def test_damaged_item(dynamodb: DynamoDBClient, damage: dict[str, Any]) -> None:
    """An item of another version, or without what a client needs, is refused, not guessed at."""
    dynamodb.put_item(TableName="clients", Item=encode_item(client_to_item(make_client()) | damage))
    store = DynamoDbClientRegistry(dynamodb, "clients")
    with pytest.raises(ItemDamaged, match="client#web"):
        store.get("web")
    with pytest.raises(ItemDamaged):
        store.list()


def test_next_version_is_read(dynamodb: DynamoDBClient) -> None:
    """The next release's items are read, since functions are updated one by one."""
    dynamodb.put_item(TableName="clients", Item=encode_item(client_to_item(make_client()) | {"v": 2, "new": "x"}))
    assert DynamoDbClientRegistry(dynamodb, "clients").get("web") == make_client()


def test_id_that_no_key_can_hold() -> None:
    """An id longer than DynamoDB's keys is unknown without a call: DynamoDB would refuse it as a mistake of ours."""
    nothing: Any = object()
    assert DynamoDbClientRegistry(nothing, "clients").get("x" * 2048) is None


def test_missing_table(dynamodb: DynamoDBClient) -> None:
    """A table that is not there is a fault, not an unknown client."""
    store = DynamoDbClientRegistry(dynamodb, "elsewhere")
    with pytest.raises(StoreUnavailable):
        store.get("web")
    with pytest.raises(StoreUnavailable):
        store.list()
