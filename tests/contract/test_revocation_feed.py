"""The feed as its writer writes it and its reader reads it: nothing that was acknowledged is ever missed (R47)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from keyturn.adapters.aws.attribute_values import encode_item
from keyturn.adapters.aws.dynamodb import DynamoDb
from keyturn.adapters.revocations.dynamodb_revocation_feed import DynamoDbRevocationFeed
from keyturn.adapters.revocations.dynamodb_revocations import DynamoDbRevocationWriter
from keyturn.adapters.revocations.revocation_item import target_key
from keyturn.domain.errors import ItemDamaged, StoreUnavailable
from keyturn.domain.revocations.revocation import Revocation, Target, TargetKind
from tests.fakes.moto_connections import MotoConnections
from tests.fakes.moto_dynamodb import create_table, moto_dynamodb
from tests.fakes.scripted_connection import Answer, ScriptedConnections
from tests.fakes.stepped_clock import SteppedClock

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TABLE = "revocations"
HORIZON = 3610
MIDNIGHT = 1_790_035_200  # 2026-09-22T00:00:00Z
ENVIRON = {"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "example"}


class World:
    """A writer and a reader of one table, and the service time of both."""

    def __init__(self, client: DynamoDBClient) -> None:
        self.client = client
        self.clock = SteppedClock()
        self.connections = MotoConnections(lambda: self.clock.seconds)
        self.writer = DynamoDbRevocationWriter(client, TABLE, self.clock, token_lifetime=HORIZON, pause=lambda _: None)
        lean = DynamoDb("https://dynamodb.example", ENVIRON, lambda: self.clock.seconds, self.connections)
        self.feed = DynamoDbRevocationFeed(lean, TABLE, copy=7)

    def revoke(self, kind: TargetKind, identifier: str, not_before: int | None = None) -> None:
        revocation = Revocation(Target.of(kind, identifier), expires_at=MIDNIGHT + 9999, not_before=not_before)
        self.writer.revoke(revocation, reason="r" * 200, actor="a")

    def put(self, **fields: Any) -> None:
        item = {"pk": "feed#2026-09-21", "sk": f"{MIDNIGHT - 5:010d}000000#x", "v": 1, "target": "jti#a"} | fields
        self.client.put_item(TableName=TABLE, Item=encode_item(item))

    def read(self, since: int) -> list[tuple[str, int | None, int]]:
        now, _ = self.feed.global_revocation()
        return [tuple(entry) for entry in self.feed.entries(since, now)]  # type: ignore[misc]


@pytest.fixture
def world() -> Iterator[World]:
    with moto_dynamodb() as client:
        create_table(client, TABLE, "pk", "sk")
        world = World(client)
        world.clock.seconds = MIDNIGHT - 10.0
        yield world


def test_what_is_written_is_read(world: World) -> None:
    """Each kind of revocation comes with its cutoff and the time of its writing."""
    world.revoke(TargetKind.TOKEN, "a")
    world.revoke(TargetKind.CLIENT, "c", MIDNIGHT - 20)
    world.revoke(TargetKind.PAIR, "u#c", MIDNIGHT - 20)
    written_at = int(world.clock.now().earliest)
    assert sorted(world.read(MIDNIGHT - 60)) == [
        ("client#c", MIDNIGHT - 20, written_at),
        ("jti#a", None, written_at),
        ("pair#u#c", MIDNIGHT - 20, written_at),
    ]


def test_service_time_comes_with_global(world: World) -> None:
    """The time of the read is DynamoDB's, and the copy of global has cut and compromised kids."""
    assert world.feed.global_revocation() == (MIDNIGHT - 10, None)
    world.revoke(TargetKind.GLOBAL, "0", MIDNIGHT - 20)
    _, everything = world.feed.global_revocation()
    assert everything is not None
    assert (everything.not_before, everything.target.key) == (MIDNIGHT - 20, "global#7")


def test_global_is_read_strongly_consistent(world: World) -> None:
    """R47, I8: a read that may be old could miss an emergency that was acknowledged."""
    world.feed.global_revocation()
    [(headers, request)] = world.connections.requests
    assert headers["X-Amz-Target"].endswith(".GetItem")
    key = target_key(Target.of(TargetKind.GLOBAL, "7"))
    assert request == {"TableName": TABLE, "Key": key, "ConsistentRead": True}


def test_a_read_within_a_day_is_one_query() -> None:
    """P8: the next day is asked for only where midnight may come before the read does."""
    for seconds, queries in ((80_000, 1), (86_400 - 301, 1), (86_400 - 300, 2)):
        connections = ScriptedConnections(*[Answer(200, {"Items": []})] * 3)
        lean = DynamoDb("https://dynamodb.example", ENVIRON, lambda: MIDNIGHT, connections)
        assert list(DynamoDbRevocationFeed(lean, TABLE, copy=0).entries(MIDNIGHT, MIDNIGHT + seconds)) == []
        assert len(connections.requests) == queries


def test_midnight_hides_nothing(world: World) -> None:
    """A read from before midnight on sees both days; one that began before it and ends behind it too."""
    world.revoke(TargetKind.TOKEN, "yesterday")
    now, _ = world.feed.global_revocation()
    world.clock.seconds = MIDNIGHT + 3.0
    world.revoke(TargetKind.TOKEN, "today")
    found = {target for target, _, _ in map(tuple, world.feed.entries(MIDNIGHT - 60, now))}
    assert found == {"jti#yesterday", "jti#today"}
    assert {target for target, _, _ in world.read(MIDNIGHT - 60)} == found
    assert {target for target, _, _ in world.read(MIDNIGHT)} == {"jti#today"}


def test_every_page_is_read(world: World) -> None:
    """DynamoDB answers a megabyte at a time: what is behind it is read as well."""
    for number in range(60):
        world.put(sk=f"{MIDNIGHT - 5:010d}000000#{number}", target=f"jti#{number}", reason="r" * 30_000)
    assert len(world.read(MIDNIGHT - 60)) == 60
    queries = [request for headers, request in world.connections.requests if headers["X-Amz-Target"].endswith("Query")]
    assert len(queries) >= 3
    assert all(query["ConsistentRead"] is True for query in queries)
    assert "reason" not in queries[0]["ProjectionExpression"]


@pytest.mark.parametrize(
    "fields",
    [
        {"target": None},
        {"target": "jti"},
        {"target": "unknown#a"},
        {"target": "sub#a"},
        {"target": "pair#a#b"},
        {"target": 5},
        {"target": "sub#a", "not_before": "soon"},
        {"v": None},
        {"v": 0},
        {"v": 3},
        {"sk": "99999 is no time"},
    ],
)
def test_an_item_that_nobody_can_read_is_damage(world: World, fields: dict[str, object]) -> None:
    """An item that may revoke anything is never overlooked, whatever wrote it."""
    world.put(**fields)
    with pytest.raises(ItemDamaged, match=r"^the feed of revocations\b.*[a-z]"):
        world.read(MIDNIGHT - 60)


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"target": None}, "KeyError: 'target'"),
        ({"target": "unknown#a"}, "an item lacks its target or its cutoff"),
        ({"sk": "99999 is no time"}, "ValueError: invalid literal for int() with base 10: '99999 is n'"),
    ],
)
def test_damage_is_described(world: World, fields: dict[str, object], text: str) -> None:
    """The fault names the wrong field, for the operator who repairs the feed."""
    world.put(**fields)
    with pytest.raises(ItemDamaged) as raised:
        world.read(MIDNIGHT - 60)
    assert str(raised.value) == f"the feed of revocations: {text}"


def test_the_next_items_version_is_read(world: World) -> None:
    """A release that writes the next version may be deployed first."""
    world.put(v=2)
    assert [target for target, _, _ in world.read(MIDNIGHT - 60)] == ["jti#a"]


def answers(*script: Answer) -> DynamoDbRevocationFeed:
    connections = ScriptedConnections(*script)
    return DynamoDbRevocationFeed(
        DynamoDb("https://dynamodb.example", ENVIRON, lambda: MIDNIGHT, connections), TABLE, copy=0
    )


@pytest.mark.parametrize("date", [None, "", "yesterday", "Tue, 22 Sep 2026 00:00:00", "Tue, 22 Foo 2026 00:00:00 GMT"])
def test_an_answer_without_a_time_is_none(date: str | None) -> None:
    """Without service time nobody knows from where to read."""
    with pytest.raises(StoreUnavailable, match=r"^DynamoDB's response has no Date$"):
        answers(Answer(200, {}, date)).global_revocation()


def test_an_answer_without_items_is_none() -> None:
    """A response without Items is a fault instead of an empty feed."""
    with pytest.raises(StoreUnavailable, match=r"^DynamoDB Query: a response without Items$"):
        list(answers(Answer(200, {"Count": 0})).entries(MIDNIGHT - 10, MIDNIGHT - 5))


def test_an_absent_table_is_a_fault_of_the_named_call(world: World) -> None:
    """A missing table leaves the revocations unknown, and the fault says which read failed."""
    world.client.delete_table(TableName=TABLE)
    with pytest.raises(StoreUnavailable, match=r"^DynamoDB GetItem of the global revocation: ResourceNotFound"):
        world.feed.global_revocation()
    with pytest.raises(StoreUnavailable, match=r"^DynamoDB Query of the revocation feed: ResourceNotFound"):
        list(world.feed.entries(MIDNIGHT, MIDNIGHT))


def test_a_page_begins_after_the_last_key_of_the_one_before() -> None:
    """R47: the same consistent query goes on from DynamoDB's key, and the first one names none."""
    last = {"pk": {"S": "feed#2026-09-21"}, "sk": {"S": "x"}}
    connections = ScriptedConnections(Answer(200, {"Items": [], "LastEvaluatedKey": last}), Answer(200, {"Items": []}))
    reader = DynamoDb("https://dynamodb.example", ENVIRON, lambda: MIDNIGHT, connections)
    assert list(DynamoDbRevocationFeed(reader, TABLE, copy=0).entries(MIDNIGHT - 400, MIDNIGHT - 390)) == []
    [first, second] = [body for _, body in connections.requests]
    assert first["ConsistentRead"] is True
    assert "ExclusiveStartKey" not in first
    assert second == first | {"ExclusiveStartKey": last}
