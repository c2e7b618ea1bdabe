"""The key ring in DynamoDB: what the contract cannot show, as lost answers and cancelled transactions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.stub import Stubber

from keyturn.adapters.aws.attribute_values import encode_item
from keyturn.adapters.keys.dynamodb_key_ring import DynamoDbKeyRingStore
from keyturn.adapters.keys.key_ring_item import ring_to_item
from keyturn.adapters.revocations.revocation_item import target_key
from keyturn.domain.errors import AccessDenied, AlreadyExists, ItemDamaged, StoreUnavailable, Throttled, VersionConflict
from keyturn.domain.keys.key_ring import DEFAULT_RING, Compromise, KeyRing
from keyturn.domain.revocations.revocation import GLOBAL_COPIES, Target, TargetKind
from tests.fakes.lost_answer import lost_answer
from tests.fakes.moto_dynamodb import create_table, moto_dynamodb
from tests.fakes.token_factory import NOW

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

RING = KeyRing(name=DEFAULT_RING, version=7, keys=(), longest_lifetime=600)
EMERGENCY = RING.replace(compromises=[Compromise(kid="k", at=NOW, reason="r", actor="o")])
TEN_YEARS = 10 * 365 * 86_400


@pytest.fixture
def dynamodb() -> Iterator[DynamoDBClient]:
    """Return a client of a DynamoDB that has both tables."""
    with moto_dynamodb() as client:
        create_table(client, "rings", "pk")
        create_table(client, "revocations", "pk", "sk")
        yield client


def stubbed() -> tuple[DynamoDbKeyRingStore, Stubber, list[float]]:
    """Return a store whose answers are scripted, and its pauses."""
    client = boto3.client("dynamodb", region_name="eu-central-1", aws_access_key_id="x", aws_secret_access_key="x")
    pauses: list[float] = []
    return DynamoDbKeyRingStore(client, "rings", "revocations", pauses.append), Stubber(client), pauses


def stored(ring: KeyRing) -> Any:
    """Return the ring's item as DynamoDB has it."""
    return encode_item(ring_to_item(ring))


def cancelled(stub: Stubber, *reasons: dict[str, Any]) -> None:
    """Script a cancelled transaction."""
    fields = {"CancellationReasons": list(reasons)}
    stub.add_client_error("transact_write_items", "TransactionCanceledException", modeled_fields=fields)


def test_item_that_was_damaged_by_hand_is_named(dynamodb: DynamoDBClient) -> None:
    """A ring item that lacks a field is a fault with the field's name, not an empty ring."""
    item = stored(RING)
    del item["keys"]
    dynamodb.put_item(TableName="rings", Item=item)
    with pytest.raises(ItemDamaged, match="keys"):
        DynamoDbKeyRingStore(dynamodb, "rings", "revocations").load(DEFAULT_RING)


def test_ring_is_read_strongly_consistent() -> None:
    """A reader sees the last write of any writer."""
    store, stub, _ = stubbed()
    expected = {"TableName": "rings", "Key": {"pk": {"S": "ring#default"}}, "ConsistentRead": True}
    stub.add_response("get_item", {"Item": stored(RING)}, expected)
    with stub:
        assert store.load(DEFAULT_RING).version == 7


def test_a_creation_whose_answer_was_lost_exists_already(
    dynamodb: DynamoDBClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rotator treats this as the ring of an earlier run, and goes on with it."""
    store = DynamoDbKeyRingStore(dynamodb, "rings", "revocations")
    with lost_answer(dynamodb, "PutItem", monkeypatch) as sent, pytest.raises(AlreadyExists):
        store.create(RING)
    assert sent == ["PutItem", "PutItem"]
    assert stored(store.load(DEFAULT_RING)) == stored(RING)


def test_write_whose_answer_was_lost_is_recognised(dynamodb: DynamoDBClient) -> None:
    """A second attempt that finds exactly what it was about to write has come through before (I5)."""
    store = DynamoDbKeyRingStore(dynamodb, "rings", "revocations")
    store.create(RING)
    first = store.save(EMERGENCY)
    assert store.save(EMERGENCY).version == first.version
    assert store.load(DEFAULT_RING).version == 8
    with pytest.raises(VersionConflict):
        store.save(EMERGENCY.replace(longest_lifetime=1))


def test_write_to_a_ring_that_is_gone_is_a_conflict(dynamodb: DynamoDBClient) -> None:
    """Saving never makes a ring: only create does."""
    store = DynamoDbKeyRingStore(dynamodb, "rings", "revocations")
    with pytest.raises(VersionConflict):
        store.save(RING)
    assert dynamodb.scan(TableName="rings")["Items"] == []


def test_emergency_keeps_a_cut_and_never_ends_it_early(dynamodb: DynamoDBClient) -> None:
    """A copy of global with a cutoff keeps it, for longer than any cutoff needs."""
    key = target_key(Target.of(TargetKind.GLOBAL, "3"))
    cut = {"v": {"N": "2"}, "not_before": {"N": str(NOW)}, "expires_at": {"N": str(NOW + 90 * 86_400)}}
    dynamodb.put_item(TableName="revocations", Item={**key, **cut})
    store = DynamoDbKeyRingStore(dynamodb, "rings", "revocations")
    store.create(RING)
    store.save_compromise(EMERGENCY, ["k"])
    items = dynamodb.scan(TableName="revocations")["Items"]
    assert len(items) == GLOBAL_COPIES
    assert {item["expires_at"]["N"] for item in items} == {str(NOW + TEN_YEARS)}
    [changed] = [item for item in items if item["pk"] == key["pk"]]
    assert (changed["not_before"], changed["v"]) == ({"N": str(NOW)}, {"N": "2"})
    assert changed["compromised_kids"] == {"SS": ["k"]}
    [other, *_] = [item for item in items if item["pk"] != key["pk"]]
    assert other["v"] == {"N": "1"}


def test_transaction_conflict_is_tried_again() -> None:
    """Another transaction on the same items decides nothing: the emergency is written again, with pauses."""
    store, stub, pauses = stubbed()
    cancelled(stub, {"Code": "None"}, {"Code": "TransactionConflict"})
    stub.add_client_error("transact_write_items", "TransactionInProgressException")
    stub.add_response("transact_write_items", {})
    with stub:
        assert store.save_compromise(EMERGENCY, ["k"]).version == 8
    assert pauses == [0.05, 0.1]


def test_transaction_conflicts_without_end_are_a_fault() -> None:
    """After four attempts an emergency says that it was not written."""
    store, stub, _ = stubbed()
    for _ in range(4):
        cancelled(stub, {"Code": "TransactionConflict"})
    with stub, pytest.raises(StoreUnavailable, match="4 times"):
        store.save_compromise(EMERGENCY, ["k"])


def test_emergency_whose_answer_was_lost_is_recognised() -> None:
    """A cancelled transaction whose ring is there already has come through before."""
    store, stub, _ = stubbed()
    mine = stored(EMERGENCY.replace(version=8))
    cancelled(stub, {"Code": "ConditionalCheckFailed", "Item": mine}, {"Code": "None"})
    with stub:
        assert store.save_compromise(EMERGENCY, ["k"]).version == 8


@pytest.mark.parametrize(
    ("reasons", "fault"),
    [
        ([{"Code": "ConditionalCheckFailed", "Item": stored(RING.replace(version=8))}], VersionConflict),
        ([{"Code": "ConditionalCheckFailed"}, {"Code": "TransactionConflict"}], VersionConflict),
        ([{"Code": "ThrottlingError"}], Throttled),
        ([{"Code": "None"}, {"Code": "ProvisionedThroughputExceeded"}], Throttled),
        ([{"Code": "ValidationError"}, {"Code": "TransactionConflict"}], StoreUnavailable),
    ],
)
def test_cancelled_transaction_has_its_meaning(reasons: list[dict[str, Any]], fault: type[Exception]) -> None:
    """A failed condition is a conflict of versions; throttling and the rest are faults; nothing is taken for done."""
    store, stub, _ = stubbed()
    cancelled(stub, *reasons)
    with stub, pytest.raises(fault):
        store.save_compromise(EMERGENCY, ["k"])


@pytest.mark.parametrize("operation", ["get_item", "put_item", "update_item", "transact_write_items"])
@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("AccessDeniedException", AccessDenied),
        ("ProvisionedThroughputExceededException", Throttled),
        ("InternalServerError", StoreUnavailable),
    ],
)
def test_faults_of_dynamodb_have_their_meaning(operation: str, code: str, fault: type[Exception]) -> None:
    """Each call's faults become ours."""
    store, stub, _ = stubbed()
    stub.add_client_error(operation, code)
    calls: dict[str, Any] = {
        "get_item": lambda: store.load(DEFAULT_RING),
        "put_item": lambda: store.create(RING),
        "update_item": lambda: store.save(RING),
        "transact_write_items": lambda: store.save_compromise(EMERGENCY, ["k"]),
    }
    with stub, pytest.raises(fault):
        calls[operation]()
