"""No acknowledged revocation is ever missed, whatever clocks, delays, crashes, repeats and the order do (R47).

The real writer and its real clock use a DynamoDB that is slow before and after each commit. It loses answers, throttles
and cancels. The real snapshot reads what is committed, in any order; a read may break off anywhere.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from email.utils import formatdate
from random import Random
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError
from hypothesis import example, given, settings
from hypothesis import strategies as st

from keyturn.adapters.aws.service_clock import ServiceClock
from keyturn.adapters.revocations.dynamodb_revocations import DynamoDbRevocationWriter
from keyturn.domain.errors import KeyturnError
from keyturn.domain.revocations.revocation import Revocation, Target, TargetKind
from keyturn.domain.revocations.revocation_snapshot import FeedEntry, RevocationSnapshot

HORIZON = 3610
START = 1_790_000_000.0
NO_ANSWER, THROTTLED, CONFLICT, FINE = "no answer", "throttled", "conflict", "fine"
DELAYS = st.sampled_from([0.0, 0.1, 1.0, 7.0, 14.0, 16.0, 29.0, 31.0, 300.0])
CALLS = st.tuples(DELAYS, DELAYS, st.sampled_from([FINE, FINE, FINE, NO_ANSWER, THROTTLED, CONFLICT]))
READS = st.tuples(st.none() | st.integers(0, 5), st.randoms(use_true_random=False))


class World:
    """True time, and what is committed: the feed, and the target items by their keys."""

    def __init__(self) -> None:
        self.time = START
        self.feed: list[FeedEntry] = []
        self.targets: dict[str, dict[str, Any]] = {}
        self.meanwhile: Callable[[], object] = lambda: None


class Dynamo:
    """The writer's DynamoDB client: each call waits, perhaps commits, waits again, and perhaps answers."""

    def __init__(self, world: World, calls: list[tuple[float, float, str]]) -> None:
        self.world = world
        self.calls = calls
        self.handlers: dict[str, Any] = {}
        self.meta = SimpleNamespace(events=SimpleNamespace(register=self.handlers.__setitem__))
        self.exceptions = SimpleNamespace(
            TransactionInProgressException=type("InProgress", (ClientError,), {}),
            TransactionCanceledException=type("Cancelled", (ClientError,), {}),
            ConditionalCheckFailedException=type("Failed", (ClientError,), {}),
        )

    def hello(self) -> None:
        """Answer anything: the clock needs one answer."""
        self._answer()

    def batch_get_item(self, *, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803
        """Do what the script says; return the target items that are there at the moment of the read."""
        [(table, request)] = RequestItems.items()
        assert request["ConsistentRead"]
        found: list[dict[str, Any]] = []

        def read() -> None:
            keys = [key["pk"]["S"] for key in request["Keys"]]
            found.extend(dict(self.world.targets[key]) for key in keys if key in self.world.targets)

        self._call("BatchGetItem", read)
        return {"Responses": {table: found}, "UnprocessedKeys": {}}

    def update_item(self, *, Key: Any, ExpressionAttributeValues: Any, **_: Any) -> None:  # noqa: N803
        """Do what the script says: note an acknowledgement on a target item."""
        target = self.world.targets[Key["pk"]["S"]]
        self._call("UpdateItem", lambda: target.update(acknowledged=ExpressionAttributeValues[":cutoff"]))

    def transact_write_items(self, *, TransactItems: list[Any], ClientRequestToken: str) -> None:  # noqa: N803
        """Do what the script says: write a feed item, and perhaps its target item."""
        assert ClientRequestToken

        def write() -> None:
            item = TransactItems[0]["Put"]["Item"]
            self.world.feed.append((item["target"]["S"], None, int(item["sk"]["S"][:10])))  # type: ignore[arg-type]
            for update in (each["Update"] for each in TransactItems[1:]):
                values = update["ExpressionAttributeValues"]
                stored = self.world.targets.setdefault(update["Key"]["pk"]["S"], dict(update["Key"]))
                stored.update(v=values[":v"], expires_at=values[":expires"])

        self._call("TransactWriteItems", write)

    def _call(self, operation: str, commit: Callable[[], None]) -> None:
        before, after, outcome = self.calls.pop(0) if self.calls else (0.0, 0.0, FINE)
        self.handlers["before-send.dynamodb"]()
        self.world.time += before
        # A reader reaches the feed's end while this call is on its way, and moves the cursor past its time.
        self.world.meanwhile()
        if outcome == CONFLICT and operation == "TransactWriteItems":
            response: Any = {"Error": {"Code": "x"}, "CancellationReasons": [{"Code": "TransactionConflict"}]}
            raise self.exceptions.TransactionCanceledException(response, operation)
        if outcome in (CONFLICT, THROTTLED):
            raise ClientError({"Error": {"Code": "ThrottlingException"}}, operation)
        commit()
        committed = self.world.time
        self.world.time += after
        if outcome == NO_ANSWER:
            raise ClientError({"Error": {"Code": "InternalServerError"}}, operation)
        self._answer(committed, sent=False)

    def _answer(self, date: float | None = None, *, sent: bool = True) -> None:
        if sent:
            self.handlers["before-send.dynamodb"]()
        headers = {"date": formatdate(int(self.world.time if date is None else date), usegmt=True)}
        self.handlers["after-call.dynamodb"](parsed={"ResponseMetadata": {"HTTPHeaders": headers}})


def refresh(world: World, snapshot: RevocationSnapshot, breaks_at: int | None, order: Any) -> bool:
    """Read the feed as the authorizer does; return whether it was read to its end."""
    now = int(world.time)
    since = snapshot.begin(now)
    entries = [entry for entry in world.feed if entry[2] >= since]
    order.shuffle(entries)
    snapshot.add(entries if breaks_at is None else entries[:breaks_at])
    if breaks_at is not None:
        return False
    snapshot.complete(now)
    return True


def knows(snapshot: RevocationSnapshot, jti: str) -> bool:
    """Return whether a token of this id is refused."""
    return bool(snapshot.find([Target.of(TargetKind.TOKEN, jti)]))


# A feed item that every snapshot missed, a writer that dies after it, and a repeat.
TOO_LATE = [
    ("revoke", 0.0, ("a", [(0.0, 0.0, FINE), (31.0, 0.0, FINE), *[(0.0, 0.0, outcome) for outcome in end]]))
    for end in ([FINE, THROTTLED], [THROTTLED])
]


@example([TOO_LATE[0], ("revoke", 0.0, ("a", [])), ("read", 0.0, (None, Random(0)))])
@example([TOO_LATE[1], ("revoke", 0.0, ("a", [])), ("read", 0.0, (None, Random(0)))])
@settings(max_examples=600, deadline=None, derandomize=True)
@given(
    st.lists(
        st.one_of(
            st.tuples(
                st.just("revoke"),
                st.sampled_from([-600.0, 0.0, 0.4, 600.0]),
                st.tuples(st.sampled_from(["a", "b", "c", "d"]), st.lists(CALLS, max_size=7)),
            ),
            st.tuples(st.just("read"), st.just(0.0), READS),
            st.tuples(st.just("wait"), st.sampled_from([0.3, 1.0, 5.0, 29.0, 31.0, 600.0]), st.none()),
        ),
        max_size=25,
    )
)
def test_what_was_acknowledged_is_in_every_read_that_begins_afterwards(events: list[tuple[str, float, Any]]) -> None:
    """R47: a writer's wall clock is off by ten minutes, its calls take any time, are lost, or commit unheard.

    Four tokens are revoked over and over: an acknowledgement holds also where another writer's feed item stands for it.
    """
    world, snapshot = World(), RevocationSnapshot(HORIZON)
    world.meanwhile = lambda: refresh(world, snapshot, None, Random(0))
    acknowledged: dict[str, float] = {}
    for kind, amount, details in events:
        if kind == "wait":
            world.time += amount
        elif kind == "read":
            if refresh(world, snapshot, *details):
                # Tokens of an id end with its first revocation: the last one lives for the longest token lifetime.
                live = [jti for jti, at in acknowledged.items() if world.time - at < HORIZON]
                assert all(knows(snapshot, jti) for jti in live), (events, acknowledged)
        else:
            jti, calls = details
            if _revoke(world, jti, wall_offset=amount, calls=list(calls)):
                acknowledged.setdefault(jti, world.time)


def _revoke(world: World, jti: str, *, wall_offset: float, calls: list[tuple[float, float, str]]) -> bool:
    dynamo: Any = Dynamo(world, calls)
    clock = ServiceClock(dynamo, wall=lambda: world.time + wall_offset, monotonic=lambda: world.time - START)
    dynamo.hello()

    def pause(seconds: float) -> None:
        world.time += seconds

    writer = DynamoDbRevocationWriter(dynamo, "revocations", clock, token_lifetime=HORIZON, pause=pause)
    revocation = Revocation(Target.of(TargetKind.TOKEN, jti), expires_at=int(START) + 99_999)
    with contextlib.suppress(KeyturnError):
        writer.revoke(revocation, reason="r", actor="a")
        return True
    return False
