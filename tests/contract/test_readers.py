"""The readers of key rings and revocations, on boto3's client and on ours: both give the same results.

The connection of our client is replaced by one that calls moto in process, without a socket.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from keyturn.adapters.aws.attribute_values import encode_item
from keyturn.adapters.aws.dynamodb import DynamoDb
from keyturn.adapters.keys.dynamodb_key_rings import DynamoDbKeyRings
from keyturn.adapters.keys.key_ring_item import ring_to_item
from keyturn.adapters.revocations.dynamodb_revocation_reader import DynamoDbRevocationReader
from keyturn.adapters.revocations.revocation_item import target_key
from keyturn.domain.errors import ItemDamaged, KeyRingMissing, StoreUnavailable
from keyturn.domain.revocations.revocation import Revocation, Target, TargetKind
from tests.fakes.moto_connections import MotoConnections
from tests.fakes.scripted_connection import Answer, ScriptedConnections
from tests.fakes.stub_key_ring import ring_of
from tests.fakes.token_factory import signing_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from keyturn.ports import KeyRingReader, NamedKeyRingReader, RevocationReader

ENVIRON = {"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "example"}
RINGS, REVOCATIONS = "rings", "revocations"
READERS = ("http", "boto3")


@pytest.fixture
def dynamodb() -> Iterator[DynamoDBClient]:
    with mock_aws():
        client = boto3.client(
            "dynamodb", region_name="eu-central-1", aws_access_key_id="test", aws_secret_access_key="test"
        )
        for name, keys in ((RINGS, ["pk"]), (REVOCATIONS, ["pk", "sk"])):
            client.create_table(
                TableName=name,
                BillingMode="PAY_PER_REQUEST",
                AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
                KeySchema=[
                    {"AttributeName": key, "KeyType": kind}  # type: ignore[typeddict-item]
                    for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)
                ],
            )
        yield client


def over_http() -> DynamoDb:
    return DynamoDb("https://dynamodb.example", ENVIRON, lambda: 1_790_000_000, MotoConnections())


@pytest.fixture(params=READERS)
def ring_reader(request: pytest.FixtureRequest, dynamodb: DynamoDBClient) -> KeyRingReader:
    if request.param == "http":
        return DynamoDbKeyRings(over_http(), RINGS)
    return DynamoDbKeyRings(dynamodb, RINGS)


@pytest.fixture(params=READERS)
def revocation_reader(request: pytest.FixtureRequest, dynamodb: DynamoDBClient) -> RevocationReader:
    if request.param == "http":
        return DynamoDbRevocationReader(over_http(), REVOCATIONS)
    return DynamoDbRevocationReader(dynamodb, REVOCATIONS)


def test_ring_is_read_as_it_was_written(ring_reader: KeyRingReader, dynamodb: DynamoDBClient) -> None:
    """A reader returns the ring that is stored, whole."""
    ring = ring_of(signing_key(), signing_key("RS256"))
    dynamodb.put_item(TableName=RINGS, Item=encode_item(ring_to_item(ring)))
    [found] = ring_reader.load_all()
    assert (found.keys, found.version, found.longest_lifetime) == (ring.keys, ring.version, ring.longest_lifetime)


def test_all_rings_are_read_the_default_one_first(ring_reader: KeyRingReader, dynamodb: DynamoDBClient) -> None:
    """The rings come in one order, whatever DynamoDB's is, so that the JWKS stays the same (R52)."""
    for name in ("Ed25519", "default", "ES256", "unknown"):
        dynamodb.put_item(TableName=RINGS, Item=encode_item(ring_to_item(ring_of().replace(name=name))))
    assert [ring.name for ring in ring_reader.load_all()] == ["default", "ES256", "Ed25519"]


def test_another_ring_alone_is_no_key_ring(ring_reader: KeyRingReader, dynamodb: DynamoDBClient) -> None:
    """Without the default ring the rings are damaged, whatever else is there."""
    dynamodb.put_item(TableName=RINGS, Item=encode_item(ring_to_item(ring_of().replace(name="ES256"))))
    with pytest.raises(KeyRingMissing):
        ring_reader.load_all()


def test_rings_are_read_by_name(ring_reader: NamedKeyRingReader, dynamodb: DynamoDBClient) -> None:
    """A reader returns the rings that were asked for by name, the default one first, and no others."""
    for name in ("default", "ES256", "Ed25519"):
        dynamodb.put_item(TableName=RINGS, Item=encode_item(ring_to_item(ring_of().replace(name=name))))
    assert [ring.name for ring in ring_reader.load(["Ed25519", "default", "PS256"])] == ["default", "Ed25519"]
    dynamodb.delete_item(TableName=RINGS, Key={"pk": {"S": "ring#default"}})
    with pytest.raises(KeyRingMissing):
        ring_reader.load(["default", "Ed25519"])


def test_damage_of_a_ring_that_was_not_asked_for_is_not_seen(
    ring_reader: NamedKeyRingReader, dynamodb: DynamoDBClient
) -> None:
    """A damaged ring is a fault of each read that asks for it, and of no other read."""
    dynamodb.put_item(TableName=RINGS, Item=encode_item(ring_to_item(ring_of())))
    dynamodb.put_item(TableName=RINGS, Item=encode_item(ring_to_item(ring_of().replace(name="ES256")) | {"v": 9}))
    assert [ring.name for ring in ring_reader.load(["default"])] == ["default"]
    with pytest.raises(ItemDamaged):
        ring_reader.load(["default", "ES256"])


def test_absent_ring_is_missing(ring_reader: KeyRingReader) -> None:
    """A ring without an item is KeyRingMissing, not an empty ring."""
    with pytest.raises(KeyRingMissing):
        ring_reader.load_all()


@pytest.mark.parametrize(
    "changes", [{"v": 0}, {"v": 3}, {"v": None}, {"keys": None}, {"keys": "none"}, {"version": "1"}]
)
def test_damaged_ring_is_refused(
    ring_reader: KeyRingReader, dynamodb: DynamoDBClient, changes: dict[str, object]
) -> None:
    """A ring of a version that this release does not read, or without a field, is ItemDamaged."""
    dynamodb.put_item(TableName=RINGS, Item=encode_item(ring_to_item(ring_of()) | changes))
    with pytest.raises(ItemDamaged):
        ring_reader.load_all()


def put_target(dynamodb: DynamoDBClient, target: Target, **fields: object) -> None:
    item = {"v": 1, "expires_at": 1_790_003_600} | fields
    dynamodb.put_item(TableName=REVOCATIONS, Item=encode_item(item) | target_key(target))


JTI = Target.of(TargetKind.TOKEN, "a")
SUBJECT = Target.of(TargetKind.SUBJECT, "u_1")
GLOBAL = Target.of(TargetKind.GLOBAL, "3")


def test_found_revocations_are_those_stored(revocation_reader: RevocationReader, dynamodb: DynamoDBClient) -> None:
    """A reader returns the revocations of the targets it was asked about, and of no others."""
    put_target(dynamodb, JTI)
    put_target(dynamodb, Target.of(TargetKind.TOKEN, "b"))
    put_target(dynamodb, GLOBAL, not_before=1_789_999_000, compromised_kids=frozenset({"k1", "k2"}))
    found = {revocation.target: revocation for revocation in revocation_reader.find([JTI, SUBJECT, GLOBAL, JTI])}
    assert found.keys() == {JTI, GLOBAL}
    assert _values(found[JTI]) == (1_790_003_600, None, [])
    assert _values(found[GLOBAL]) == (1_790_003_600, 1_789_999_000, ["k1", "k2"])


def _values(revocation: Revocation) -> tuple[int, int | None, list[str]]:
    return revocation.expires_at, revocation.not_before, sorted(revocation.compromised_kids)


def test_nothing_stored_is_nothing_found(revocation_reader: RevocationReader) -> None:
    """Targets without items have no revocations."""
    assert revocation_reader.find([JTI, SUBJECT, GLOBAL]) == ()


@pytest.mark.parametrize("fields", [{"v": 3}, {"v": None}, {"expires_at": None}, {"expires_at": "soon"}])
def test_damaged_revocation_is_refused(
    revocation_reader: RevocationReader, dynamodb: DynamoDBClient, fields: dict[str, object]
) -> None:
    """An unreadable item may be a revocation: it is ItemDamaged, and is never ignored."""
    put_target(dynamodb, SUBJECT, **{"not_before": 5} | fields)
    with pytest.raises(ItemDamaged):
        revocation_reader.find([JTI, SUBJECT])


def test_absent_table_is_a_fault(revocation_reader: RevocationReader, dynamodb: DynamoDBClient) -> None:
    """A missing table is a fault: its revocations are unknown."""
    dynamodb.delete_table(TableName=REVOCATIONS)
    call = "DynamoDB BatchGetItem of revocations"
    with pytest.raises(StoreUnavailable, match=rf"^{call}: ResourceNotFoundException$"):
        revocation_reader.find([JTI])


def test_absent_table_of_rings_is_a_fault(ring_reader: KeyRingReader, dynamodb: DynamoDBClient) -> None:
    """A missing table says nothing of the keys, and the fault names the call."""
    dynamodb.delete_table(TableName=RINGS)
    call = "DynamoDB BatchGetItem of the key rings"
    with pytest.raises(StoreUnavailable, match=rf"^{call}: ResourceNotFoundException$"):
        ring_reader.load_all()


def test_one_request_asks_strongly_for_every_target(dynamodb: DynamoDBClient) -> None:
    """P8: one consistent BatchGetItem per decision, each target once; rings are one consistent BatchGetItem."""
    connections = MotoConnections()
    client = DynamoDb("https://dynamodb.example", ENVIRON, lambda: 1_790_000_000, connections)
    DynamoDbRevocationReader(client, REVOCATIONS).find([JTI, SUBJECT, JTI])
    with pytest.raises(KeyRingMissing):
        DynamoDbKeyRings(client, RINGS).load_all()
    with pytest.raises(KeyRingMissing):
        DynamoDbKeyRings(client, RINGS).load(["default"])
    (_, batch), (_, get), (_, known) = connections.requests
    assert batch == {
        "RequestItems": {REVOCATIONS: {"Keys": [target_key(JTI), target_key(SUBJECT)], "ConsistentRead": True}}
    }
    names = ("default", "RS256", "PS256", "ES256", "Ed25519")
    keys = [{"pk": {"S": f"ring#{name}"}} for name in names]
    assert get == {"RequestItems": {RINGS: {"Keys": keys, "ConsistentRead": True}}}
    assert known == {"RequestItems": {RINGS: {"Keys": keys[:1], "ConsistentRead": True}}}


def unprocessed(*targets: Target, found: tuple[Target, ...] = ()) -> Answer:
    items = [encode_item({"v": 1, "expires_at": 1_790_003_600}) | target_key(target) for target in found]
    rest = {REVOCATIONS: {"Keys": [target_key(target) for target in targets], "ConsistentRead": True}}
    return Answer(200, {"Responses": {REVOCATIONS: items} if items else {}, "UnprocessedKeys": rest if targets else {}})


def scripted(*script: Answer) -> tuple[DynamoDbRevocationReader, ScriptedConnections]:
    connections = ScriptedConnections(*script)
    return DynamoDbRevocationReader(
        DynamoDb("https://dynamodb.example", ENVIRON, lambda: 1_790_000_000, connections), REVOCATIONS
    ), connections


def test_unprocessed_keys_are_asked_once_more() -> None:
    """P8: keys that DynamoDB left out are asked again, alone, and both answers count."""
    other = Target.of(TargetKind.TOKEN, "b")
    reader, connections = scripted(unprocessed(other, found=(JTI,)), unprocessed(found=(other,)))
    assert [revocation.target for revocation in reader.find([JTI, other])] == [JTI, other]
    assert connections.requests[1][1]["RequestItems"][REVOCATIONS]["Keys"] == [target_key(other)]


def test_no_targets_cost_no_request() -> None:
    """DynamoDB refuses a batch without keys, so that none is sent."""
    reader, connections = scripted()
    assert reader.find(()) == ()
    assert connections.requests == []


def test_keys_unprocessed_twice_are_a_fault() -> None:
    """R47: a target without an answer may be revoked."""
    reader, connections = scripted(unprocessed(JTI), unprocessed(JTI))
    with pytest.raises(StoreUnavailable, match=r"^DynamoDB BatchGetItem: 1 keys are unprocessed after 2 reads$"):
        reader.find([JTI])
    assert len(connections.requests) == 2


def rings_answer(*, left_out: bool) -> dict[str, Any]:
    rest = {RINGS: {"Keys": [{"pk": {"S": "ring#ES256"}}]}} if left_out else {}
    return {"Responses": {RINGS: [encode_item(ring_to_item(ring_of()))]}, "UnprocessedKeys": rest}


def test_a_ring_that_is_left_out_is_asked_for_again_and_never_taken_for_absent() -> None:
    """R47: a partial answer would drop the tokens of the ring that it leaves out: all rings are read again, or none."""

    class Partial:
        def __init__(self, *left_out: bool) -> None:
            self.script = list(left_out)
            self.asked: list[object] = []

        def batch_get_item(self, **request: object) -> dict[str, Any]:
            self.asked.append(request)
            return rings_answer(left_out=self.script.pop(0))

    def reader(*left_out: bool) -> DynamoDbKeyRings:
        partial: Any = Partial(*left_out)
        return DynamoDbKeyRings(partial, RINGS)

    assert len(reader(True, False).load_all()) == 1
    twice: Any = Partial(True, False)
    assert len(DynamoDbKeyRings(twice, RINGS).load(iter(["default", "ES256"]))) == 1
    assert twice.asked[0] == twice.asked[1]
    with pytest.raises(StoreUnavailable, match=r"^DynamoDB BatchGetItem did not answer for all key rings in 2 reads$"):
        reader(True, True).load_all()


@pytest.mark.parametrize("responses", [{}, {"another": []}])
def test_an_answer_without_the_table_has_no_ring(responses: dict[str, list[object]]) -> None:
    """A response without the table counts as one without the ring."""
    connections = ScriptedConnections(Answer(200, {"Responses": responses}))
    client = DynamoDb("https://dynamodb.example", ENVIRON, lambda: 1_790_000_000, connections)
    with pytest.raises(KeyRingMissing):
        DynamoDbKeyRings(client, RINGS).load_all()


def test_an_answer_need_not_say_that_all_was_processed() -> None:
    """Without UnprocessedKeys the answer is whole, for revocations as for key rings."""
    reader, _ = scripted(Answer(200, {"Responses": {REVOCATIONS: []}}))
    assert reader.find([JTI]) == ()


@pytest.mark.parametrize("answer", [{}, {"Responses": None}, {"Responses": []}])
def test_answer_without_responses_is_a_fault(answer: dict[str, object]) -> None:
    """R47: a response without the targets is a fault."""
    reader, _ = scripted(Answer(200, json.dumps(answer).encode()))
    with pytest.raises(StoreUnavailable, match=r"^DynamoDB BatchGetItem: a response without Responses$"):
        reader.find([JTI])
