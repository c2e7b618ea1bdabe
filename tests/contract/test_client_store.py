"""The ClientRegistry port: the fake and the DynamoDB adapter behave alike (R23)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from keyturn.adapters.aws.attribute_values import encode_item
from keyturn.adapters.aws.item_version import ITEM_VERSION
from keyturn.adapters.clients.client_item import client_to_item
from keyturn.adapters.clients.dynamodb_clients import DynamoDbClientRegistry
from keyturn.adapters.clients.dynamodb_resource_servers import DynamoDbResourceServerRegistry
from keyturn.domain.clients.client import Client, hash_secret
from keyturn.domain.clients.resource_server import ResourceServer
from keyturn.domain.errors import AlreadyExists, ItemDamaged, ItemNewer, StoreUnavailable, VersionConflict
from tests.fakes.lost_answer import lost_answer
from tests.fakes.memory_clients import MemoryClients

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
def dynamodb(boto3_dynamodb: DynamoDBClient) -> DynamoDBClient:
    """Return boto3's client: only the command, which has boto3, writes registrations."""
    return boto3_dynamodb


@pytest.fixture(params=["memory", "dynamodb"])
def store(request: pytest.FixtureRequest) -> ClientRegistry:
    """Return an empty store of each kind."""
    if request.param == "memory":
        return MemoryClients()
    return DynamoDbClientRegistry(request.getfixturevalue("boto3_dynamodb"), "clients")


@pytest.mark.parametrize(
    "client",
    [
        make_client(),
        make_client(grant_types=frozenset(), scopes=frozenset(), introspects=frozenset()),
        make_client(secret_hashes=(hash_secret("one"),), created_at=0),
        make_client(
            authentication=frozenset({"client_secret_post", "private_key_jwt"}),
            jwks=({"kty": "EC", "crv": "P-256", "alg": "ES256", "kid": "k", "x": "x", "y": "y"},),
            token_endpoint_audience=True,
            grant_types=frozenset({"authorization_code", "refresh_token"}),
            redirect_uris=("https://b.example/cb", "https://a.example/cb"),
            first_party=True,
            pkce="optional",
            post_logout_redirect_uris=("https://app.example.com/bye",),
            access_token_lifetime=60,
            refresh_lifetime=7200,
            refresh_idle=3600,
            cors_origins=frozenset({"https://a.example"}),
            rate=60,
            claims={"tenant": "", "tier": 3, "beta": False, "roles": ["a", 1, True]},
            user_claims={"tier": 1, "roles": ["b"]},
            revision=7,
        ),
        make_client(
            authentication=frozenset({"none"}),
            secret_hashes=(),
            grant_types=frozenset({"authorization_code"}),
            redirect_uris=("http://127.0.0.1/cb",),
        ),
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


def test_two_operators_change_one_client(store: ClientRegistry) -> None:
    """A change of an older revision is refused, so that another operator's change is never lost."""
    store.add(make_client())
    one, other = store.get("web"), store.get("web")
    assert one is not None
    assert other is not None
    changed = store.update(replace(one, name="one"))
    assert (changed.name, changed.revision) == ("one", 1)
    with pytest.raises(VersionConflict):
        store.update(replace(other, name="other"))
    assert store.get("web") == changed
    again = store.update(replace(changed, scopes=frozenset({"orders:read"})))
    assert again.revision == 2
    assert store.get("web") == again


def test_a_write_that_is_sent_again_is_nobody_elses(dynamodb: DynamoDBClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """R23: a lost answer makes botocore's second attempt meet the first: the secret is stored, and returned.

    Only what is the very same: a client that somebody else added or changed meanwhile is in the way as ever.
    """
    store = DynamoDbClientRegistry(dynamodb, "clients")
    for change in (
        lambda: store.add(make_client(secret_hashes=(hash_secret("one"),))),
        lambda: store.update(make_client()),
    ):
        with lost_answer(dynamodb, "PutItem", monkeypatch) as sent:
            change()
        assert sent == ["PutItem", "PutItem"]
    assert store.get("web") == make_client(revision=1)
    for change, refusal in (
        (lambda: store.add(make_client(name="other")), AlreadyExists),
        (lambda: store.update(make_client(name="other")), VersionConflict),
    ):
        with lost_answer(dynamodb, "PutItem", monkeypatch), pytest.raises(refusal):
            change()
    assert store.get("web") == make_client(revision=1)


def test_a_write_that_meets_a_transaction_after_a_lost_answer_is_nobody_elses(
    dynamodb: DynamoDBClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change succeeds if its answer was lost and a transaction then locked the item for a moment."""
    store = DynamoDbClientRegistry(dynamodb, "clients")
    store.add(make_client())
    put_item = dynamodb.put_item
    conflict: Any = {"Error": {"Code": "TransactionConflictException"}, "ResponseMetadata": {"RetryAttempts": 1}}

    def lose_then_conflict(**request: Any) -> None:
        monkeypatch.setattr(dynamodb, "put_item", put_item)
        put_item(**request)
        raise ClientError(conflict, "PutItem")

    monkeypatch.setattr(dynamodb, "put_item", lose_then_conflict)
    assert store.update(make_client(name="changed")).revision == 1
    assert store.get("web") == make_client(name="changed", revision=1)


def test_a_removal_that_is_sent_again_is_nobody_elses(
    dynamodb: DynamoDBClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Botocore's second attempt finds nothing any more, and the operator hears that the client was removed."""
    store = DynamoDbClientRegistry(dynamodb, "clients")
    store.add(make_client())
    with lost_answer(dynamodb, "DeleteItem", monkeypatch) as sent:
        assert store.remove("web")
    assert sent == ["DeleteItem", "DeleteItem"]
    assert not store.remove("web")


def test_update_of_a_client_that_is_gone(store: ClientRegistry) -> None:
    """A client that was removed meanwhile does not come back by a change of it."""
    store.add(make_client())
    read = store.get("web")
    assert read is not None
    assert store.remove("web")
    with pytest.raises(VersionConflict):
        store.update(read)
    assert store.get("web") is None


def test_remove(store: ClientRegistry) -> None:
    """A removed client is gone at once, and can be removed no more."""
    store.add(make_client())
    store.add(make_client("other"))
    assert store.remove("web")
    assert not store.remove("web")
    assert not store.remove("nobody")
    assert [client.client_id for client in store.list()] == ["other"]


def test_a_client_of_the_release_before_is_updated(dynamodb: DynamoDBClient) -> None:
    """An item without the newer attributes is a client with their defaults, and its first change counts from there."""
    older = ("pk", "v", "name", "secret_hashes", "grant_types", "scopes", "audiences", "introspects", "created_at")
    item = {name: value for name, value in client_to_item(make_client()).items() if name in older}
    dynamodb.put_item(TableName="clients", Item=encode_item(item))
    store = DynamoDbClientRegistry(dynamodb, "clients")
    read = store.get("web")
    assert read == make_client()
    assert store.update(read).revision == 1
    with pytest.raises(VersionConflict):
        store.update(read)


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
    DynamoDbResourceServerRegistry(dynamodb, "clients").add(
        ResourceServer(audience="https://a.example", name="A", scopes=frozenset())
    )
    assert [client.client_id for client in store.list()] == ["web"]


@pytest.mark.parametrize(
    "damage",
    [
        {"v": 9},
        {"v": None},
        {"name": None},
        {"secret_hashes": None},
        {"secret_hashes": []},
        {"audiences": 7},
        {"claims": 7},
        {"user_claims": 7},
        {"authentication": frozenset({"new"})},
        {"scopes": frozenset({"a b"})},
        {"jwks": [7]},
        {"redirect_uris": ["http://evil.example"]},
        {"grant_types": frozenset({"authorization_code"})},
        {"access_token_lifetime": 9999},
        {"rate": "many"},
        {"refresh_idle": None, "refresh_lifetime": 1},
    ],
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


def test_what_a_newer_release_wrote_is_left_to_it(dynamodb: DynamoDBClient) -> None:
    """This release refuses to write back a client of the next version: it would drop unknown fields."""
    newer = encode_item(client_to_item(make_client()) | {"v": ITEM_VERSION + 1, "new": "x"})
    dynamodb.put_item(TableName="clients", Item=newer)
    store = DynamoDbClientRegistry(dynamodb, "clients")
    with pytest.raises(ItemNewer, match="the client web was written by a newer release"):
        store.update(make_client(name="ours"))
    assert dynamodb.scan(TableName="clients")["Items"] == [newer]
    assert store.remove("web")


def test_id_that_no_key_can_hold() -> None:
    """An id longer than DynamoDB's keys is unknown without a call: DynamoDB would refuse it as a mistake of ours."""
    nothing: Any = object()
    assert DynamoDbClientRegistry(nothing, "clients").get("x" * 2048) is None


def test_missing_table(dynamodb: DynamoDBClient) -> None:
    """A missing table is a fault instead of an unknown client."""
    store = DynamoDbClientRegistry(dynamodb, "elsewhere")
    with pytest.raises(StoreUnavailable):
        store.get("web")
    with pytest.raises(StoreUnavailable):
        store.list()
