"""Repeats of a revocation: an acknowledged one is skipped, and any other is written again (R47, R50)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from keyturn.adapters.aws.attribute_values import decode_item, encode_item
from keyturn.adapters.revocations.dynamodb_revocations import DynamoDbRevocationWriter
from keyturn.adapters.revocations.revocation_item import target_key
from keyturn.domain.errors import StoreUnavailable
from keyturn.domain.revocations.revocation import (
    CUTOFF_KINDS,
    GLOBAL_COPIES,
    Revocation,
    Target,
    TargetKind,
    pair_target,
)
from tests.fakes.at_once import at_once
from tests.fakes.interruption import Crash
from tests.fakes.lost_answer import lost_answer
from tests.fakes.moto_dynamodb import create_table, moto_dynamodb, serialize_calls
from tests.fakes.stepped_clock import SteppedClock
from tests.fakes.token_factory import NOW

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TABLE = "revocations"
CALLS = ("batch_get_item", "transact_write_items", "update_item")
# One with an item of its own, and one in the item of its subject.
ALONE_OR_NOT = (TargetKind.TOKEN, TargetKind.PAIR)


class Store:
    """A table of revocations and writers of it, whose calls of one operation can be made to fail."""

    def __init__(self, dynamodb: DynamoDBClient) -> None:
        self.dynamodb = dynamodb
        self.clock = SteppedClock(NOW + 0.25, spread=1.0)

    def revoke(self, revocation: Revocation, dynamodb: Any = None) -> None:
        """Revoke in a sandbox of its own."""
        writer = DynamoDbRevocationWriter(
            dynamodb or self.dynamodb, TABLE, self.clock, token_lifetime=3610, pause=lambda _: None
        )
        writer.revoke(revocation, reason="r", actor="a")

    def items(self, prefix: str = "") -> list[dict[str, Any]]:
        """Return the items whose partition key begins so."""
        scanned: Any = self.dynamodb.scan(TableName=TABLE)
        found = [decode_item(item) for item in scanned["Items"]]
        return sorted((item for item in found if item["pk"].startswith(prefix)), key=lambda item: str(item["pk"]))

    def records(self, kind: TargetKind) -> list[dict[str, Any]]:
        """Return what is stored of a kind, with its expiry: the record of a pair is in the item of its subject."""
        if kind is not TargetKind.PAIR:
            return self.items(f"{kind}#")
        held = [item for item in self.items("sub#") if "pair#web" in item]
        return [item["pair#web"] | {"expires_at": item["expires_at"]} for item in held]

    def feed(self) -> int:
        """Return how many feed items there are."""
        return len(self.items("feed#"))


class Interrupted:
    """boto3's client; before or after each of the first calls of one operation something else happens."""

    def __init__(self, dynamodb: Any, operation: str, *happens: Callable[[], object], after: bool) -> None:
        self._dynamodb, self._operation, self._happens, self._after = dynamodb, operation, [*happens], after

    def __getattr__(self, name: str) -> Any:
        operation = getattr(self._dynamodb, name)
        if name != self._operation:
            return operation

        def call(**arguments: Any) -> Any:
            happens = self._happens.pop(0) if self._happens else lambda: None
            if not self._after:
                happens()
            answer = operation(**arguments)
            if self._after:
                happens()
            return answer

        return call


def crash() -> None:
    raise Crash


@pytest.fixture
def store() -> Iterator[Store]:
    """Return an empty table."""
    with moto_dynamodb() as dynamodb:
        create_table(dynamodb, TABLE, "pk", "sk")
        serialize_calls(dynamodb)
        yield Store(dynamodb)


def revocation_of(kind: TargetKind, cutoff: int = NOW, lifetime: int = 1000) -> Revocation:
    """Return a revocation of one kind; the cutoff counts for the kinds that have one."""
    not_before = cutoff if kind in CUTOFF_KINDS else None
    identifier = "0" if kind is TargetKind.GLOBAL else "x"
    target = pair_target("x", "web") if kind is TargetKind.PAIR else Target.of(kind, identifier)
    return Revocation(target, not_before=not_before, expires_at=NOW + lifetime)


@pytest.mark.parametrize("kind", TargetKind)
def test_a_repeat_writes_nothing(store: Store, kind: TargetKind) -> None:
    """R50: 500 repeats, at once or an hour later, leave the table byte for byte as the first one made it."""
    store.revoke(revocation_of(kind))
    before = store.items()
    assert store.feed() == 1
    repeats = 250 if kind is TargetKind.TOKEN else 2
    for _ in range(repeats):
        store.revoke(revocation_of(kind))
    store.clock.seconds += 3600
    for _ in range(repeats):
        store.revoke(revocation_of(kind))
    assert store.items() == before


@pytest.mark.parametrize("kind", sorted(CUTOFF_KINDS))
def test_the_cutoff_decides(store: Store, kind: TargetKind) -> None:
    """R49: an earlier cutoff writes nothing, a later one writes the target and a feed item."""
    store.revoke(revocation_of(kind))
    before = store.items()
    store.revoke(revocation_of(kind, cutoff=NOW - 5))
    assert store.items() == before
    store.revoke(revocation_of(kind, cutoff=NOW + 1))
    assert store.feed() == 2
    assert {item["not_before"] for item in store.records(kind)} == {NOW + 1}


@pytest.mark.parametrize("kind", TargetKind)
def test_a_longer_memory_is_of_no_concern_to_snapshots(store: Store, kind: TargetKind) -> None:
    """R50: a repeat that is to be remembered for longer writes the target items, and no feed item."""
    store.revoke(revocation_of(kind))
    store.revoke(revocation_of(kind, lifetime=2000))
    assert store.feed() == 1
    assert {item["expires_at"] for item in store.records(kind)} == {NOW + 2000}


@pytest.mark.parametrize("kind", ALONE_OR_NOT)
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("operation", CALLS)
def test_a_crash_at_any_call(kind: TargetKind, store: Store, operation: str, after: bool) -> None:
    """R47: a writer that died before it acknowledged is repeated with a feed item of its own, and then no more."""
    dead = Interrupted(store.dynamodb, operation, crash, after=after)
    with pytest.raises(Crash):
        store.revoke(revocation_of(kind), dead)
    written = store.feed()
    noted = operation == "update_item" and after
    store.revoke(revocation_of(kind))
    assert store.feed() == written + (not noted)
    before = store.items()
    store.revoke(revocation_of(kind))
    assert store.items() == before


@pytest.mark.parametrize("kind", TargetKind)
def test_a_feed_item_that_was_late_acknowledges_nothing(store: Store, kind: TargetKind) -> None:
    """R47: a feed item that a snapshot may have missed is no acknowledgement: the repeat writes another one."""

    def be_late() -> None:
        store.clock.seconds += 20

    late = Interrupted(store.dynamodb, "transact_write_items", be_late, crash, after=True)
    with pytest.raises(Crash):
        store.revoke(revocation_of(kind), late)
    assert store.feed() == 2
    store.revoke(revocation_of(kind))
    assert store.feed() == 3


def test_a_later_cutoff_that_was_never_acknowledged(store: Store) -> None:
    """R47: the note is about a cutoff: a stronger revocation whose writer died is not taken for acknowledged."""
    store.revoke(revocation_of(TargetKind.CLIENT))
    dead = Interrupted(store.dynamodb, "transact_write_items", crash, after=True)
    with pytest.raises(Crash):
        store.revoke(revocation_of(TargetKind.CLIENT, cutoff=NOW + 5), dead)
    assert store.feed() == 2
    store.revoke(revocation_of(TargetKind.CLIENT))
    assert store.feed() == 2
    store.revoke(revocation_of(TargetKind.CLIENT, cutoff=NOW + 5))
    assert store.feed() == 3


@pytest.mark.parametrize("kind", ALONE_OR_NOT)
@pytest.mark.parametrize("code", ["ThrottlingException", "TransactionConflictException", "InternalServerError"])
def test_a_note_that_fails_takes_no_acknowledgement_back(kind: TargetKind, store: Store, code: str) -> None:
    """R47: the revocation holds; the next repeat writes a feed item, and the note."""

    def fail() -> None:
        raise ClientError({"Error": {"Code": code, "Message": ""}}, "UpdateItem")

    store.revoke(revocation_of(kind), Interrupted(store.dynamodb, "update_item", fail, after=False))
    assert "acknowledged" not in store.records(kind)[0]
    store.revoke(revocation_of(kind))
    assert store.records(kind)[0]["acknowledged"] == (revocation_of(kind).not_before or 0)
    assert store.feed() == 2


@pytest.mark.parametrize("kind", ALONE_OR_NOT)
def test_a_target_that_is_gone_gets_no_note(kind: TargetKind, store: Store) -> None:
    """An acknowledgement never creates a deleted target again: an item with it alone would be unreadable."""

    def delete() -> None:
        store.dynamodb.delete_item(TableName=TABLE, Key=target_key(revocation_of(kind).target))

    store.revoke(revocation_of(kind), Interrupted(store.dynamodb, "update_item", delete, after=False))
    assert store.records(kind) == []
    store.revoke(revocation_of(kind))
    assert (len(store.records(kind)), store.feed()) == (1, 2)


@pytest.mark.parametrize("kind", ALONE_OR_NOT)
@pytest.mark.parametrize("operation", ["BatchGetItem", "TransactWriteItems", "UpdateItem"])
def test_a_lost_answer_is_no_second_revocation(
    kind: TargetKind, store: Store, monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    """R50: botocore's own retry leaves one target, one feed item and one note."""
    with lost_answer(store.dynamodb, operation, monkeypatch) as sent:
        store.revoke(revocation_of(kind))
    assert sent.count(operation) == 2
    before = store.items()
    store.revoke(revocation_of(kind))
    assert store.items() == before


@pytest.mark.parametrize("kind", ALONE_OR_NOT)
def test_a_read_that_fails_acknowledges_nothing(kind: TargetKind, store: Store) -> None:
    """R47: a store that cannot say what is stored is unavailable, and the same call may be made again."""

    def fail() -> None:
        raise ClientError({"Error": {"Code": "InternalServerError", "Message": ""}}, "BatchGetItem")

    with pytest.raises(StoreUnavailable):
        store.revoke(revocation_of(kind), Interrupted(store.dynamodb, "batch_get_item", fail, after=False))
    assert store.items() == []


@pytest.mark.parametrize("kind", ALONE_OR_NOT)
def test_an_unprocessed_item_is_written_again(kind: TargetKind, store: Store) -> None:
    """R47: a target that DynamoDB left unprocessed does not count as acknowledged."""
    store.revoke(revocation_of(kind))

    class Unprocessed:
        def __getattr__(self, name: str) -> Any:
            if name == "batch_get_item":
                return lambda **_: {"Responses": {}, "UnprocessedKeys": {TABLE: {"Keys": []}}}
            return getattr(store.dynamodb, name)

    store.revoke(revocation_of(kind), Unprocessed())
    assert store.feed() == 2


def test_a_copy_of_global_that_is_missing_is_written_again(store: Store) -> None:
    """R49: each copy of global is looked at; what one lacks is stored, though snapshots know it."""
    store.revoke(revocation_of(TargetKind.GLOBAL))
    store.dynamodb.delete_item(TableName=TABLE, Key=target_key(Target.of(TargetKind.GLOBAL, "7")))
    store.revoke(revocation_of(TargetKind.GLOBAL))
    assert len(store.items("global#")) == GLOBAL_COPIES
    assert store.feed() == 1


def test_an_emergency_is_no_acknowledgement(store: Store) -> None:
    """I8: copies of global that hold the marks of compromised keys alone say nothing about a cutoff."""
    mark = encode_item({"v": 1, "expires_at": NOW + 99_999, "compromised_kids": frozenset({"stolen"})})
    for copy in range(GLOBAL_COPIES):
        item = target_key(Target.of(TargetKind.GLOBAL, str(copy))) | mark
        store.dynamodb.put_item(TableName=TABLE, Item=item)
    store.revoke(revocation_of(TargetKind.GLOBAL))
    assert {item["not_before"] for item in store.items("global#")} == {NOW}
    assert {item["compromised_kids"] for item in store.items("global#")} == {frozenset({"stolen"})}
    assert store.feed() == 1


@pytest.mark.parametrize("kind", ALONE_OR_NOT)
def test_repeats_at_once(kind: TargetKind, store: Store) -> None:
    """R50: sixteen simultaneous repeats of an acknowledged revocation write nothing."""
    store.revoke(revocation_of(kind))
    before = store.items()
    at_once(16, lambda: store.revoke(revocation_of(kind)))
    assert store.items() == before


@pytest.mark.parametrize("kind", ALONE_OR_NOT)
@pytest.mark.parametrize("note", ["yes", True, None])
def test_a_note_that_is_no_cutoff_is_none(kind: TargetKind, store: Store, note: object) -> None:
    """A note of another type than a whole number acknowledges nothing."""
    target = revocation_of(kind).target
    record = (
        {"pair#web": {"not_before": NOW, "acknowledged": note}} if kind is TargetKind.PAIR else {"acknowledged": note}
    )
    item = encode_item({"v": 1, "expires_at": NOW + 1000, **record})
    store.dynamodb.put_item(TableName=TABLE, Item=target_key(target) | item)
    store.revoke(revocation_of(kind))
    assert store.feed() == 1


@pytest.mark.parametrize("first", [TargetKind.SUBJECT, TargetKind.PAIR])
@pytest.mark.parametrize("lifetime", [500, 1000, 2000])
def test_a_subject_and_its_pair_at_once(store: Store, first: TargetKind, lifetime: int) -> None:
    """R50: both cutoffs are kept where another writer adds one to the item between read and write."""
    second = TargetKind.PAIR if first is TargetKind.SUBJECT else TargetKind.SUBJECT

    def write_first() -> None:
        store.revoke(revocation_of(first, cutoff=NOW + 1, lifetime=lifetime))

    store.revoke(revocation_of(second), Interrupted(store.dynamodb, "transact_write_items", write_first, after=False))
    [item] = store.items("sub#")
    assert item["expires_at"] == NOW + max(lifetime, 1000)
    assert [each["not_before"] for kind in (first, second) for each in store.records(kind)] == [NOW + 1, NOW]
    assert [each["acknowledged"] for kind in (first, second) for each in store.records(kind)] == [NOW + 1, NOW]
    assert store.feed() == 2


def test_pairs_of_one_subject_at_once(store: Store) -> None:
    """R50: eight writers of one item, each of another pair, lose no cutoff."""
    clients = [f"c{number}" for number in range(8)]
    written = iter(clients)

    def revoke() -> None:
        pair = pair_target("x", next(written))
        store.revoke(Revocation(pair, not_before=NOW, expires_at=NOW + 1000))

    at_once(8, revoke)
    [item] = store.items("sub#")
    assert {name for name in item if name.startswith("pair#")} == {f"pair#{client}" for client in clients}
    assert store.feed() == 8


@pytest.mark.parametrize("kind", sorted(CUTOFF_KINDS))
def test_a_later_cutoff_that_is_written_in_between_stays(store: Store, kind: TargetKind) -> None:
    """R50: a writer that read before another one wrote never lowers the cutoff."""

    def write_later() -> None:
        store.revoke(revocation_of(kind, cutoff=NOW + 5))

    store.revoke(revocation_of(kind), Interrupted(store.dynamodb, "transact_write_items", write_later, after=False))
    assert {each["not_before"] for each in store.records(kind)} == {NOW + 5}
