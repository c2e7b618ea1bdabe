"""The rings that the authorizer asks for, on moto: those that were found at each renewal, all of them once a minute."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from authorizer.key_ring_cache import ABSENT_PERIOD, KeyRingCache
from authorizer.metrics import Metrics
from authorizer.request import parse_request
from authorizer.revocation_bound import RevocationBound
from authorizer.sandbox_time import SandboxTime
from keyturn.adapters.aws.attribute_values import encode_item
from keyturn.adapters.aws.dynamodb import DynamoDb
from keyturn.adapters.keys.dynamodb_key_rings import DynamoDbKeyRings
from keyturn.adapters.keys.key_ring_item import ring_key, ring_to_item
from keyturn.domain.errors import ItemDamaged, KeyRingMissing, StoreUnavailable
from keyturn.domain.keys.key_ring import Compromise, KeyState
from tests.fakes.authorizer_events import authorizer_event
from tests.fakes.composed_authorizer import ComposedAuthorizer
from tests.fakes.lambda_context import lambda_context
from tests.fakes.moto_connections import ENVIRON, MotoConnections
from tests.fakes.moto_dynamodb import create_table, moto_dynamodb
from tests.fakes.stub_key_ring import ring_of
from tests.fakes.token_factory import NOW, SigningKey, signing_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

BOUND = 10
HALF = BOUND / 2
TIMEOUT = 3
ALL = ["default", "RS256", "PS256", "ES256", "Ed25519"]
DEFAULT_KEY, KEY = signing_key(), signing_key("Ed25519")


class World:
    """A cache over a table in moto, and the two clocks that a test moves.

    `away` makes the store unavailable, `takes` is the seconds that an answer takes.
    """

    def __init__(self, dynamodb: DynamoDBClient) -> None:
        self.dynamodb = dynamodb
        self.wall, self.monotonic = float(NOW), 50.0
        self.away, self.takes = False, 0.0
        self.connections = MotoConnections(self._date)
        client = DynamoDb("https://dynamodb.example", ENVIRON, lambda: self.wall, self.connections)
        self.time = SandboxTime(lambda: self.wall, lambda: self.monotonic, lambda: client.date, TIMEOUT)
        bound = RevocationBound(BOUND, self.time, Metrics("a", self.time))
        self.cache = KeyRingCache(DynamoDbKeyRings(client, "rings"), bound)
        self.put("default", DEFAULT_KEY)

    def _date(self) -> float:
        if self.away:
            raise TimeoutError
        self.wall += self.takes
        return self.wall

    def put(self, name: str, key: SigningKey = KEY, **changes: Any) -> None:
        """Store a ring with one active key."""
        self.dynamodb.put_item(
            TableName="rings", Item=encode_item(ring_to_item(ring_of(key).replace(name=name)) | changes)
        )

    def compromise(self, name: str, key: SigningKey = KEY) -> None:
        """Store a ring whose only key was compromised."""
        ring = ring_of(key).replace(name=name)
        lost = ring.with_key(ring.keys[0].replace(state=KeyState.COMPROMISED))
        entry = Compromise(kid=key.kid, at=NOW, reason="lost", actor="operator")
        self.dynamodb.put_item(TableName="rings", Item=encode_item(ring_to_item(lost.replace(compromises=(entry,)))))

    def remove(self, name: str) -> None:
        """Delete a ring's item."""
        self.dynamodb.delete_item(TableName="rings", Key=ring_key(name))

    def renew(self, seconds: float = HALF) -> set[str]:
        """Let time pass, and return the names of the keys that a decision uses."""
        self.wall += seconds
        self.monotonic += seconds
        return self.used()

    def used(self) -> set[str]:
        """Return the names of the keys that a decision uses now."""
        names = {DEFAULT_KEY.kid: "default", KEY.kid: "added"}
        return {names[kid] for kid in self.cache.keys().kids}

    def asked(self) -> list[list[str]]:
        """Return the names of the rings that each read since the last call asked for."""
        requests, self.connections.requests = self.connections.requests, []
        keys = [body["RequestItems"]["rings"]["Keys"] for _, body in requests]
        return [[key["pk"]["S"].removeprefix("ring#") for key in of_one] for of_one in keys]


@pytest.fixture
def world() -> Iterator[World]:
    with moto_dynamodb() as client:
        create_table(client, "rings", "pk")
        yield World(client)


@pytest.mark.parametrize("mode", ["snapshot", "strict"])
def test_a_renewal_asks_for_the_rings_that_there_are(mode: str) -> None:
    """P8: the first read asks for all five rings, each renewal of the next minute for the one that was found."""
    sandbox = ComposedAuthorizer(mode)
    asked = []
    for _ in range(14):
        before = len(sandbox.dynamodb.requests)
        sandbox.decide()
        reads = [request["RequestItems"] for request in sandbox.dynamodb.requests[before:] if "RequestItems" in request]
        asked += [len(read["rings"]["Keys"]) for read in reads if "rings" in read]
        sandbox.now += HALF
    assert asked == [5, *[1] * 11, 5, 1]


def test_absent_rings_are_looked_for_once_a_minute(world: World) -> None:
    """A ring that is added is used after a minute at the latest, and is then read at each renewal."""
    world.used()
    world.put("Ed25519")
    assert [world.renew() for _ in range(11)] == [{"default"}] * 11
    assert world.asked() == [ALL, *[["default"]] * 11]
    assert world.renew() == {"default", "added"}
    assert [world.renew() for _ in range(2)] == [{"default", "added"}] * 2
    assert world.asked() == [ALL, *[["default", "Ed25519"]] * 2]


@pytest.mark.parametrize(("wait", "names"), [(ABSENT_PERIOD - 0.001, ["default"]), (ABSENT_PERIOD, ALL)])
def test_a_sandbox_with_few_requests_looks_at_a_renewal(world: World, wait: float, names: list[str]) -> None:
    """A renewal a minute after the last complete read asks for all rings, and one before it does not."""
    world.used()
    world.renew(wait)
    assert world.asked() == [ALL, names]


def test_a_ring_without_its_item_is_gone_at_the_same_renewal(world: World) -> None:
    """A known ring that lost its item leaves the keys at once, and counts as absent."""
    world.put("Ed25519")
    assert world.used() == {"default", "added"}
    world.remove("Ed25519")
    assert world.renew() == {"default"}
    world.put("Ed25519")
    assert world.renew() == {"default"}
    assert world.asked() == [ALL, ["default", "Ed25519"], ["default"]]
    assert world.renew(50) == {"default", "added"}


def test_an_emergency_in_each_ring_is_seen_at_the_next_renewal(world: World) -> None:
    """I8: a compromised key of any known ring is missing from the next read."""
    world.put("Ed25519")
    assert world.used() == {"default", "added"}
    world.compromise("Ed25519")
    assert world.renew() == {"default"}
    world.compromise("default", DEFAULT_KEY)
    assert world.renew() == set()
    assert world.asked() == [ALL, *[["default", "Ed25519"]] * 2]


def test_a_missing_default_ring_is_a_fault_at_each_renewal(world: World) -> None:
    """R47: without the default ring nothing is decided at the bound, whatever else is there."""
    world.put("Ed25519")
    world.used()
    world.remove("default")
    assert world.renew() == {"default", "added"}
    with pytest.raises(KeyRingMissing):
        world.renew()
    world.put("default", DEFAULT_KEY)
    assert world.renew(1) == {"default", "added"}


@pytest.mark.parametrize("fault", ["away", "damaged"])
def test_a_failed_read_leaves_the_known_rings_known(world: World, fault: str) -> None:
    """R47: after a read without an answer, or of a damaged ring, the next one asks for the same rings."""
    world.put("Ed25519")
    world.used()
    if fault == "away":
        world.away = True
    else:
        world.put("Ed25519", version="one")
    assert world.renew() == {"default", "added"}
    with pytest.raises(StoreUnavailable if world.away else ItemDamaged):
        world.renew()
    world.away = False
    world.put("Ed25519")
    assert world.renew(1) == {"default", "added"}
    assert {tuple(names) for names in world.asked()[1:]} == {("default", "Ed25519")}


@pytest.mark.parametrize("fault", ["away", "damaged"])
def test_a_failed_complete_read_is_repeated(world: World, fault: str) -> None:
    """A look for absent rings that failed is due until it succeeds: damage of an added ring stays a fault."""
    world.used()
    for _ in range(11):
        world.renew()
    if fault == "away":
        world.away = True
    else:
        world.put("Ed25519", keys="none")
    world.asked()
    assert world.renew() == {"default"}
    with pytest.raises(StoreUnavailable if world.away else ItemDamaged):
        world.renew()
    world.away = False
    world.put("Ed25519")
    assert world.renew(1) == {"default", "added"}
    assert {tuple(names) for names in world.asked()} == {tuple(ALL)}


@pytest.mark.parametrize(("wall", "monotonic"), [(60.0, 0.0), (0.0, 60.0), (-0.001, 0.0), (-3600.0, 5.0)])
def test_one_clock_is_enough_to_look(world: World, wall: float, monotonic: float) -> None:
    """A frozen sandbox and a wall clock that went back both make the next read a complete one."""
    world.used()
    world.wall += wall
    world.monotonic += monotonic
    world.used()
    assert world.asked() == [ALL, ALL]


def test_the_requests_time_is_enough_to_look(world: World) -> None:
    """Both clocks of a frozen sandbox stood still: the time of the request shows that the minute is over."""

    def at(seconds: int) -> set[str]:
        event = authorizer_event("http_2.0", "t")
        event["requestContext"]["timeEpoch"] = (NOW + seconds) * 1000
        world.time.begin(parse_request(event, lambda_context(deadline=(NOW + seconds + TIMEOUT) * 1000)))
        return world.used()

    at(0)
    world.put("Ed25519")
    assert at(59) == {"default"}
    assert at(119) == {"default", "added"}
    assert world.asked() == [ALL, ["default"], ALL]


def test_a_look_that_was_due_stays_due(world: World) -> None:
    """A wall clock that went back and forth again does not hide a failed complete read."""
    world.used()
    world.wall -= 3600
    world.away = True
    with pytest.raises(StoreUnavailable):
        world.used()
    world.wall += 3600 + HALF
    world.away = False
    world.asked()
    world.used()
    assert world.asked() == [ALL]


def test_a_look_ages_from_before_its_read(world: World) -> None:
    """A slow complete read is as old as its request: the next one is due a minute after that was sent."""
    world.takes = 4.0
    world.used()
    world.takes = 0.0
    world.renew(ABSENT_PERIOD - 4)
    assert world.asked() == [ALL, ALL]


def test_a_look_before_the_first_request_is_dated(world: World) -> None:
    """A sandbox that was frozen after its start looks again, by Lambda's time and the Date of its first read."""
    world.used()
    event = authorizer_event("rest_token", "t")
    world.time.begin(parse_request(event, lambda_context(deadline=(NOW + 61 + TIMEOUT) * 1000)))
    world.used()
    assert world.asked() == [ALL, ALL]
