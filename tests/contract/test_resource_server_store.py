"""The ResourceServerRegistry port: the fake and the DynamoDB adapter behave alike (R27)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from keyturn.adapters.aws.attribute_values import encode_item
from keyturn.adapters.aws.item_version import ITEM_VERSION
from keyturn.adapters.clients.dynamodb_clients import DynamoDbClientRegistry
from keyturn.adapters.clients.dynamodb_resource_servers import DynamoDbResourceServerRegistry
from keyturn.adapters.clients.resource_server_item import resource_server_to_item
from keyturn.domain.clients.resource_server import ResourceServer
from keyturn.domain.errors import AlreadyExists, ItemDamaged, ItemNewer, StoreUnavailable, VersionConflict
from tests.fakes.at_once import at_once
from tests.fakes.issuer_harness import make_client
from tests.fakes.memory_resource_servers import MemoryResourceServers

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from keyturn.ports import ResourceServerRegistry

AUDIENCE = "https://orders.example#v1"


def make_server(audience: str = AUDIENCE, **changes: Any) -> ResourceServer:
    """Return a resource server with every field, with changes."""
    fields: dict[str, Any] = {
        "audience": audience,
        "name": "Größe & Co",
        "scopes": frozenset({"orders:read", "orders:write"}),
        "access_token_lifetime": 300,
        "algorithm": "Ed25519",
        "claims": frozenset({"tenant", "https://example.com/roles"}),
        "created_at": 1_790_000_000,
    }
    return ResourceServer(**(fields | changes))


@pytest.fixture
def dynamodb(boto3_dynamodb: DynamoDBClient) -> DynamoDBClient:
    """Return boto3's client: only the command, which has boto3, writes registrations."""
    return boto3_dynamodb


@pytest.fixture(params=["memory", "dynamodb"])
def store(request: pytest.FixtureRequest) -> ResourceServerRegistry:
    """Return an empty store of each kind."""
    if request.param == "memory":
        return MemoryResourceServers()
    return DynamoDbResourceServerRegistry(request.getfixturevalue("boto3_dynamodb"), "clients")


@pytest.mark.parametrize(
    "server",
    [
        make_server(),
        make_server(scopes=frozenset(), access_token_lifetime=None, algorithm=None, claims=frozenset()),
        make_server("x" * 255, created_at=0, revision=7),
    ],
)
def test_what_is_stored_comes_back(store: ResourceServerRegistry, server: ResourceServer) -> None:
    """A resource server comes back as it was added, with what it does not have."""
    store.add(server)
    assert store.get(server.audience) == server
    assert store.list() == (server,)


def test_same_audience_twice(store: ResourceServerRegistry) -> None:
    """A resource server that exists already is not overwritten."""
    store.add(make_server())
    with pytest.raises(AlreadyExists):
        store.add(make_server(algorithm=None))
    assert store.get(AUDIENCE) == make_server()


def test_two_operators_change_one_resource_server(store: ResourceServerRegistry) -> None:
    """A change of an older revision is refused, so that another operator's change is never lost."""
    store.add(make_server())
    one, other = store.get(AUDIENCE), store.get(AUDIENCE)
    assert one is not None
    assert other is not None
    changed = store.update(replace(one, algorithm=None))
    assert changed == make_server(algorithm=None, revision=1)
    with pytest.raises(VersionConflict, match=f"{AUDIENCE} was changed by somebody else: try again"):
        store.update(replace(other, name="other"))
    assert store.get(AUDIENCE) == changed
    again = store.update(replace(changed, name="again"))
    assert store.get(AUDIENCE) == again == make_server(algorithm=None, name="again", revision=2)


def test_of_16_operators_at_once_one_changes_it(store: ResourceServerRegistry) -> None:
    """If several operators write the next revision or register one audience at once, exactly one succeeds."""

    def outcome(change: Callable[[], object]) -> str:
        try:
            change()
        except (AlreadyExists, VersionConflict) as error:
            return type(error).__name__
        return "done"

    added = at_once(16, lambda: outcome(lambda: store.add(make_server())))
    assert sorted(added) == ["AlreadyExists"] * 15 + ["done"]
    changed = at_once(16, lambda: outcome(lambda: store.update(make_server(name="new"))))
    assert sorted(changed) == ["VersionConflict"] * 15 + ["done"]


def test_update_of_a_resource_server_that_is_gone(store: ResourceServerRegistry) -> None:
    """A resource server that was removed meanwhile does not come back by a change of it."""
    store.add(make_server())
    assert store.remove(AUDIENCE)
    with pytest.raises(VersionConflict):
        store.update(make_server())
    assert store.get(AUDIENCE) is None


def test_a_resource_server_without_a_revision_is_updated(dynamodb: DynamoDBClient) -> None:
    """An item that was stored before revisions were counted is read as revision 0, and counted from there."""
    item = encode_item(resource_server_to_item(make_server()))
    del item["revision"]
    dynamodb.put_item(TableName="clients", Item=item)
    store = DynamoDbResourceServerRegistry(dynamodb, "clients")
    read = store.get(AUDIENCE)
    assert read == make_server()
    assert store.update(read).revision == 1
    with pytest.raises(VersionConflict):
        store.update(read)


@pytest.mark.parametrize("audience", ["https://orders.example", AUDIENCE + "/", AUDIENCE.upper()])
def test_unknown_audience(store: ResourceServerRegistry, audience: str) -> None:
    """An audience that nobody registered is None: they are compared whole."""
    store.add(make_server())
    assert store.get(audience) is None


def test_remove(store: ResourceServerRegistry) -> None:
    """A removed resource server is gone, and can be removed no more."""
    store.add(make_server())
    store.add(make_server("https://a.example"))
    assert store.remove(AUDIENCE)
    assert not store.remove(AUDIENCE)
    assert store.get(AUDIENCE) is None
    assert [server.audience for server in store.list()] == ["https://a.example"]


def test_list(store: ResourceServerRegistry) -> None:
    """All resource servers are listed by audience."""
    assert store.list() == ()
    for audience in ("urn:b", "urn:a", "urn:c"):
        store.add(make_server(audience))
    assert [server.audience for server in store.list()] == ["urn:a", "urn:b", "urn:c"]


def test_clients_are_in_the_same_table(dynamodb: DynamoDBClient) -> None:
    """A client is never read as a resource server, even if its id is the audience."""
    DynamoDbClientRegistry(dynamodb, "clients").add(make_client("orders"))
    servers = DynamoDbResourceServerRegistry(dynamodb, "clients")
    servers.add(make_server("orders"))
    assert servers.list() == (make_server("orders"),)
    servers.remove("orders")
    assert DynamoDbClientRegistry(dynamodb, "clients").get("orders") == make_client("orders")


@pytest.mark.parametrize(
    "damage",
    [
        {"v": 9},
        {"v": None},
        {"name": None},
        {"created_at": None},
        {"scopes": frozenset({"a b"})},
        {"algorithm": "HS256"},
        {"access_token_lifetime": 9999},
        {"claims": frozenset({"sub"})},
        {"claims": 7},
    ],
)
def test_damaged_item(dynamodb: DynamoDBClient, damage: dict[str, Any]) -> None:
    """An item of another version, or with an invalid registration, is refused."""
    dynamodb.put_item(TableName="clients", Item=encode_item(resource_server_to_item(make_server()) | damage))
    store = DynamoDbResourceServerRegistry(dynamodb, "clients")
    with pytest.raises(ItemDamaged, match="resource#https://orders"):
        store.get(AUDIENCE)
    with pytest.raises(ItemDamaged):
        store.list()


def test_next_version_is_read(dynamodb: DynamoDBClient) -> None:
    """The next release's items are read, since functions are updated one by one."""
    item = resource_server_to_item(make_server()) | {"v": 2, "new": "x"}
    dynamodb.put_item(TableName="clients", Item=encode_item(item))
    assert DynamoDbResourceServerRegistry(dynamodb, "clients").get(AUDIENCE) == make_server()


def test_what_a_newer_release_wrote_is_left_to_it(dynamodb: DynamoDBClient) -> None:
    """A resource server of the next version is not written back by this release."""
    newer = encode_item(resource_server_to_item(make_server()) | {"v": ITEM_VERSION + 1, "new": "x"})
    dynamodb.put_item(TableName="clients", Item=newer)
    with pytest.raises(ItemNewer, match=f"the resource server {AUDIENCE} was written by a newer release"):
        DynamoDbResourceServerRegistry(dynamodb, "clients").update(make_server(name="ours"))
    assert dynamodb.scan(TableName="clients")["Items"] == [newer]


def test_missing_table(dynamodb: DynamoDBClient) -> None:
    """A missing table is a fault instead of an unknown resource server."""
    store = DynamoDbResourceServerRegistry(dynamodb, "elsewhere")
    with pytest.raises(StoreUnavailable):
        store.get(AUDIENCE)
    with pytest.raises(StoreUnavailable):
        store.list()
