"""The revocation adapters when DynamoDB is busy, slow, or answers a part (R47, R50)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ReadTimeoutError

from keyturn.adapters.aws.attribute_values import decode_item, encode_item
from keyturn.adapters.revocations.dynamodb_revocation_reader import DynamoDbRevocationReader
from keyturn.adapters.revocations.dynamodb_revocations import DynamoDbRevocationWriter
from keyturn.adapters.revocations.revocation_item import target_key
from keyturn.domain.errors import AccessDenied, ClockUnavailable, ItemDamaged, StoreUnavailable, Throttled
from keyturn.domain.revocations.revocation import Revocation, Target, TargetKind
from tests.fakes.moto_dynamodb import create_table, moto_dynamodb
from tests.fakes.stepped_clock import SteppedClock
from tests.fakes.token_factory import NOW

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TABLE = "revocations"
HORIZON = 3610
JTI = Target.of(TargetKind.TOKEN, "j1")
REVOCATION = Revocation(JTI, expires_at=NOW + 1000)


class Faulty:
    """boto3's client, but some calls of one operation do something else first, or instead."""

    scripted = "transact_write_items"

    def __init__(self, dynamodb: DynamoDBClient) -> None:
        """Pass every call on."""
        self._dynamodb = dynamodb
        self.script: list[Callable[[], Any]] = []
        self.calls: list[dict[str, Any]] = []

    def __getattr__(self, name: str) -> Any:
        """Return the operation, with the script in front of the one that matters."""
        operation = getattr(self._dynamodb, name)
        if name != self.scripted:
            return operation

        def call(**arguments: Any) -> Any:
            self.calls.append(arguments)
            instead = self.script.pop(0)() if self.script else None
            return instead if instead is not None else operation(**arguments)

        return call

    def cancelled(self, *codes: str) -> Callable[[], Any]:
        """Return a step that cancels the transaction with these reasons."""

        def cancel() -> None:
            raise self._dynamodb.exceptions.TransactionCanceledException(
                {
                    "Error": {"Code": "TransactionCanceledException", "Message": ""},
                    "CancellationReasons": [{"Code": code} for code in codes],
                },
                "TransactWriteItems",
            )

        return cancel

    def failing(self, code: str) -> Callable[[], Any]:
        """Return a step that fails with this code."""

        def fail() -> None:
            exception: Any = self._dynamodb.exceptions.from_code(code)
            raise exception({"Error": {"Code": code, "Message": ""}}, "Operation")

        return fail


@pytest.fixture
def dynamodb() -> Iterator[Faulty]:
    """Return DynamoDB with an empty table of revocations."""
    with moto_dynamodb() as client:
        create_table(client, TABLE, "pk", "sk")
        yield Faulty(client)


@pytest.fixture
def clock() -> SteppedClock:
    """Return a clock that a test moves."""
    return SteppedClock(NOW + 0.25, spread=1.0)


@pytest.fixture
def pauses() -> list[float]:
    """Return where the writer's pauses go."""
    return []


@pytest.fixture
def writer(dynamodb: Any, clock: SteppedClock, pauses: list[float]) -> DynamoDbRevocationWriter:
    """Return the writer."""
    return DynamoDbRevocationWriter(dynamodb, TABLE, clock, token_lifetime=HORIZON, pause=pauses.append)


@pytest.fixture
def reader(dynamodb: Any) -> DynamoDbRevocationReader:
    """Return the reader."""
    return DynamoDbRevocationReader(dynamodb, TABLE)


def stored(dynamodb: Any, prefix: str) -> list[dict[str, Any]]:
    """Return the items whose partition key begins so, in order."""
    items = [decode_item(item) for item in dynamodb.scan(TableName=TABLE)["Items"]]
    return sorted((item for item in items if item["pk"].startswith(prefix)), key=lambda item: str(item["sk"]))


def revoke(writer: DynamoDbRevocationWriter, revocation: Revocation = REVOCATION) -> None:
    """Revoke."""
    writer.revoke(revocation, reason="because", actor="client:web")


def test_items(writer: DynamoDbRevocationWriter, dynamodb: Faulty) -> None:
    """A revocation is its target item and a feed item at the early end of the present (R50)."""
    revoke(writer, Revocation(Target.of(TargetKind.CLIENT, "web"), not_before=NOW, expires_at=NOW + 1000))
    [target] = stored(dynamodb, "client#")
    assert target == {
        "pk": "client#web",
        "sk": "target",
        "v": 1,
        "not_before": NOW,
        "expires_at": NOW + 1000,
        "reason": "because",
        "actor": "client:web",
        "acknowledged": NOW,
    }
    [feed] = stored(dynamodb, "feed#")
    time, _, feed_id = feed.pop("sk").partition("#")
    assert (time, len(feed_id)) == ("1790000000250000", 16)
    assert feed == {
        "pk": "feed#2026-09-21",
        "v": 1,
        "target": "client#web",
        "kind": "client",
        "not_before": NOW,
        "target_expires_at": NOW + 1000,
        "reason": "because",
        "actor": "client:web",
        "expires_at": NOW + 1 + HORIZON + 30,
    }


def test_feed_item_of_a_stored_revocation(writer: DynamoDbRevocationWriter, dynamodb: Any) -> None:
    """A target that was never acknowledged gets a feed item again: its first writer may have died (R47)."""
    revoke(writer)
    dynamodb.update_item(TableName=TABLE, Key=target_key(JTI), UpdateExpression="REMOVE acknowledged")
    revoke(writer, Revocation(JTI, expires_at=NOW + 500))
    assert [item["expires_at"] for item in stored(dynamodb, "jti#")] == [NOW + 1000]
    assert sorted(item["target_expires_at"] for item in stored(dynamodb, "feed#")) == [NOW + 500, NOW + 1000]


def test_compromised_kids_stay(
    writer: DynamoDbRevocationWriter, reader: DynamoDbRevocationReader, dynamodb: Any
) -> None:
    """A global revocation keeps the marks of an emergency (I8)."""
    everything = Target.of(TargetKind.GLOBAL, "3")
    emergency = {"v": 2, "expires_at": NOW + 99_999, "compromised_kids": frozenset({"bad"})}
    dynamodb.put_item(TableName=TABLE, Item=target_key(everything) | encode_item(emergency))
    revoke(writer, Revocation(Target.of(TargetKind.GLOBAL, "0"), not_before=NOW, expires_at=NOW + 1000))
    [found] = reader.find([everything])
    assert found.compromised_kids == {"bad"}
    assert (found.not_before, found.expires_at) == (NOW, NOW + 99_999)
    assert sorted(item["v"] for item in stored(dynamodb, "global#")) == [1] * 15 + [2]


def test_late_answer(writer: DynamoDbRevocationWriter, dynamodb: Faulty, clock: SteppedClock) -> None:
    """A transaction that came back late gets a fresh feed item before it is acknowledged (R47)."""

    def be_slow() -> None:
        clock.seconds += 14.001

    dynamodb.script = [be_slow]
    revoke(writer)
    times = [item["sk"][:16] for item in stored(dynamodb, "feed#")]
    assert times == ["1790000000250000", "1790000014251000"]
    assert len(dynamodb.calls[1]["TransactItems"]) == 1


def test_answer_just_in_time(writer: DynamoDbRevocationWriter, dynamodb: Faulty, clock: SteppedClock) -> None:
    """Half of the overlap, with the clock's uncertainty, is still in time."""

    def be_slow() -> None:
        clock.seconds += 14.0

    dynamodb.script = [be_slow]
    revoke(writer)
    assert len(dynamodb.calls) == 1


def test_always_late(writer: DynamoDbRevocationWriter, dynamodb: Faulty, clock: SteppedClock) -> None:
    """A store that is always late is unavailable: nothing is acknowledged, and the attempts are bounded."""

    def be_slow() -> None:
        clock.seconds += 20

    dynamodb.script = [be_slow] * 99
    with pytest.raises(StoreUnavailable):
        revoke(writer)
    assert len(dynamodb.calls) == 5


@pytest.mark.parametrize("codes", [("None", "TransactionConflict"), ("TransactionConflict", "None")])
def test_conflict(
    writer: DynamoDbRevocationWriter, dynamodb: Faulty, pauses: list[float], codes: tuple[str, ...]
) -> None:
    """A conflict with another transaction is tried again, after a pause; it is not taken for a revocation."""
    dynamodb.script = [dynamodb.cancelled(*codes)] * 2
    revoke(writer)
    assert len(stored(dynamodb, "jti#")) == 1
    assert len(stored(dynamodb, "feed#")) == 1
    assert pauses == [0.05, 0.1]


def test_transaction_in_progress(writer: DynamoDbRevocationWriter, dynamodb: Faulty) -> None:
    """A transaction that is still in progress is tried again."""
    dynamodb.script = [dynamodb.failing("TransactionInProgressException")]
    revoke(writer)
    assert len(stored(dynamodb, "jti#")) == 1


def test_endless_conflict(writer: DynamoDbRevocationWriter, dynamodb: Faulty) -> None:
    """Endless conflicts raise StoreUnavailable: the revocation is neither stored nor acknowledged."""
    dynamodb.script = [dynamodb.cancelled("None", "TransactionConflict")] * 99
    with pytest.raises(StoreUnavailable):
        revoke(writer)
    assert len(dynamodb.calls) == 5
    assert stored(dynamodb, "") == []


@pytest.mark.parametrize(
    ("codes", "fault"),
    [
        (("None", "ThrottlingError"), Throttled),
        (("ProvisionedThroughputExceeded", "None"), Throttled),
        (("None", "ValidationError"), StoreUnavailable),
    ],
)
def test_cancelled(
    writer: DynamoDbRevocationWriter, dynamodb: Faulty, codes: tuple[str, ...], fault: type[Exception]
) -> None:
    """Any other reason to cancel is a fault, and nothing is acknowledged."""
    dynamodb.script = [dynamodb.cancelled(*codes)]
    with pytest.raises(fault):
        revoke(writer)
    assert stored(dynamodb, "") == []


@pytest.mark.parametrize(
    ("code", "fault"), [("AccessDeniedException", AccessDenied), ("ThrottlingException", Throttled)]
)
def test_refused(
    writer: DynamoDbRevocationWriter,
    reader: DynamoDbRevocationReader,
    dynamodb: Faulty,
    code: str,
    fault: type[Exception],
) -> None:
    """A refusal by DynamoDB raises the domain's error of that cause."""
    dynamodb.script = [dynamodb.failing(code)] * 2
    with pytest.raises(fault):
        revoke(writer)
    dynamodb.scripted = "batch_get_item"
    with pytest.raises(fault):
        reader.find([JTI])


def test_time_out(writer: DynamoDbRevocationWriter, reader: DynamoDbRevocationReader, dynamodb: Faulty) -> None:
    """A store that does not answer is unavailable."""

    def time_out() -> None:
        raise ReadTimeoutError(endpoint_url="https://dynamodb.example")

    dynamodb.script = [time_out] * 2
    with pytest.raises(StoreUnavailable):
        revoke(writer)
    dynamodb.scripted = "batch_get_item"
    with pytest.raises(StoreUnavailable):
        reader.find([JTI])


def test_every_transaction_has_its_token(writer: DynamoDbRevocationWriter, dynamodb: Faulty) -> None:
    """Each transaction has a token of its own, so that botocore's retry of a lost answer writes once."""
    dynamodb.script = [dynamodb.cancelled("TransactionConflict")]
    revoke(writer)
    first, second = [call["ClientRequestToken"] for call in dynamodb.calls]
    assert first != second
    assert len(first) == 32


def test_no_clock(writer: DynamoDbRevocationWriter, dynamodb: Faulty, clock: SteppedClock) -> None:
    """Without service time nothing is written."""
    clock.fault = ClockUnavailable("no answer yet")
    with pytest.raises(ClockUnavailable):
        revoke(writer)
    assert dynamodb.calls == []


def unprocessed(*targets: Target) -> Callable[[], Any]:
    """Return a step that leaves these targets unprocessed and finds nothing."""
    keys = [target_key(target) for target in targets]
    return lambda: {"Responses": {TABLE: []}, "UnprocessedKeys": {TABLE: {"Keys": keys}}}


def test_unprocessed_once(writer: DynamoDbRevocationWriter, reader: DynamoDbRevocationReader, dynamodb: Faulty) -> None:
    """Keys that DynamoDB left unprocessed, and only these, are read once more."""
    revoke(writer)
    dynamodb.calls.clear()
    dynamodb.scripted = "batch_get_item"
    dynamodb.script = [unprocessed(JTI)]
    found = reader.find([Target.of(TargetKind.CLIENT, "web"), JTI])
    assert [each.target for each in found] == [JTI]
    requests = [call["RequestItems"][TABLE] for call in dynamodb.calls]
    assert [len(request["Keys"]) for request in requests] == [2, 1]
    assert all(request["ConsistentRead"] for request in requests)


def test_unprocessed_twice(reader: DynamoDbRevocationReader, dynamodb: Faulty) -> None:
    """A target that was left unprocessed twice is a fault (R47)."""
    dynamodb.scripted = "batch_get_item"
    dynamodb.script = [unprocessed(JTI)] * 2
    with pytest.raises(StoreUnavailable):
        reader.find([JTI])
    assert len(dynamodb.calls) == 2


def test_damaged_item(reader: DynamoDbRevocationReader, dynamodb: Any) -> None:
    """An item that this release cannot read may say "revoked": it is refused."""
    dynamodb.put_item(TableName=TABLE, Item=target_key(JTI) | encode_item({"v": 9, "expires_at": NOW}))
    with pytest.raises(ItemDamaged):
        reader.find([JTI])
