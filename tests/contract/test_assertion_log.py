"""The AssertionLog port: the fake and the DynamoDB adapter behave alike (R22)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from keyturn.adapters.grants.dynamodb_assertions import DynamoDbAssertions
from keyturn.domain.errors import AccessDenied, StoreUnavailable, Throttled
from tests.fakes.at_once import at_once
from tests.fakes.lost_answer import lost_answer
from tests.fakes.memory_assertions import MemoryAssertions
from tests.fakes.token_factory import NOW

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from keyturn.ports import AssertionLog
    from tests.fakes.stepped_clock import SteppedSeconds


@pytest.fixture(params=["memory", "boto3", "http"])
def log(request: pytest.FixtureRequest, clock: SteppedSeconds) -> AssertionLog:
    """Return an empty log of each kind."""
    if request.param == "memory":
        return MemoryAssertions(clock)
    return DynamoDbAssertions(request.getfixturevalue(f"{request.param}_dynamodb"), "grants", clock)


def test_an_assertion_is_used_once(log: AssertionLog) -> None:
    """The first use counts, and no other one (RFC 7523 §3, item 7)."""
    assert [log.use("web", "j", NOW + 60) for _ in range(3)] == [True, False, False]


def test_a_jti_is_a_clients_own(log: AssertionLog) -> None:
    """Two clients may choose the same jti, one client as many as it likes: none stands in another's way."""
    assert log.use("web", "j", NOW + 60)
    assert log.use("other", "j", NOW + 60)
    assert log.use("web", "J", NOW + 60)
    assert log.use("web", "ü" * 256, NOW + 60)
    assert log.use("web", "j#", NOW + 60)


def test_a_use_is_remembered_until_the_assertion_expires(log: AssertionLog, clock: SteppedSeconds) -> None:
    """The end is compared, whether or not the item was collected; from there on the jti is free, and is noted again."""
    assert log.use("web", "j", NOW + 60)
    clock.seconds = NOW + 59.9
    assert not log.use("web", "j", NOW + 120)
    clock.seconds = NOW + 60
    assert log.use("web", "j", NOW + 120)
    clock.seconds = NOW + 119
    assert not log.use("web", "j", NOW + 180)


def test_of_16_callers_at_once_one_has_used_it(log: AssertionLog) -> None:
    """R22: exactly one of sixteen simultaneous uses of an assertion is accepted."""
    for jti in ("first", "second", "third"):
        results = at_once(16, partial(log.use, "web", jti, NOW + 60))
        assert sorted(results) == [False] * 15 + [True]


def test_the_item(dynamodb: DynamoDBClient, clock: SteppedSeconds) -> None:
    """The item has a version and the attribute that the TTL reads; of the jti it holds the digest alone (R66)."""
    DynamoDbAssertions(dynamodb, "grants", clock).use("web", "j", NOW + 60)
    [item] = dynamodb.scan(TableName="grants")["Items"]
    digest = "189f40034be7a199f1fa9891668ee3ab6049f82d38c68be70f596eab2e1857b7"  # echo -n j | sha256sum
    assert len(item.pop("attempt")["S"]) == 32
    assert item == {"pk": {"S": f"assertion#web#{digest}"}, "v": {"N": "1"}, "expires_at": {"N": str(NOW + 60)}}


@pytest.mark.parametrize("expired_before", [False, True])
def test_a_use_that_the_client_sends_again_is_the_same_use(
    dynamodb: DynamoDBClient, clock: SteppedSeconds, monkeypatch: pytest.MonkeyPatch, expired_before: bool
) -> None:
    """R22: the second attempt after a lost answer is accepted, also over an expired item; a replay is refused."""
    log = DynamoDbAssertions(dynamodb, "grants", clock)
    if expired_before:
        assert log.use("web", "j", NOW)
    with lost_answer(dynamodb, "PutItem", monkeypatch) as sent:
        assert log.use("web", "j", NOW + 60)
    assert sent == ["PutItem", "PutItem"]
    assert not log.use("web", "j", NOW + 60)


def test_a_replay_that_the_client_sends_again_stays_refused(
    dynamodb: DynamoDBClient, clock: SteppedSeconds, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R22: a lost answer makes no replay acceptable. An item of an earlier release has no attempt, and counts."""
    log = DynamoDbAssertions(dynamodb, "grants", clock)
    log.use("web", "j", NOW + 60)
    for _ in range(2):
        with lost_answer(dynamodb, "PutItem", monkeypatch) as sent:
            assert not log.use("web", "j", NOW + 60)
        assert sent == ["PutItem", "PutItem"]
        [item] = dynamodb.scan(TableName="grants")["Items"]
        item.pop("attempt", None)
        dynamodb.put_item(TableName="grants", Item=item)


def test_an_item_that_cannot_be_read_counts_as_used(dynamodb: DynamoDBClient, clock: SteppedSeconds) -> None:
    """An item without the attribute, or with another kind of it, is never taken for one that expired."""
    log = DynamoDbAssertions(dynamodb, "grants", clock)
    log.use("web", "j", NOW + 60)
    [item] = dynamodb.scan(TableName="grants")["Items"]
    dynamodb.put_item(TableName="grants", Item={"pk": item["pk"], "v": {"N": "2"}})
    assert not log.use("web", "j", NOW + 60)


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("ProvisionedThroughputExceededException", Throttled),
        ("ThrottlingException", Throttled),
        ("InternalServerError", StoreUnavailable),
        ("AccessDeniedException", AccessDenied),
    ],
)
def test_a_store_that_does_not_answer(
    dynamodb: DynamoDBClient, clock: SteppedSeconds, monkeypatch: pytest.MonkeyPatch, code: str, fault: type[Exception]
) -> None:
    """A failed write is a fault: the assertion counts as neither used nor unused."""

    def refuse(**_call: Any) -> None:
        raise ClientError({"Error": {"Code": code, "Message": ""}}, "PutItem")

    monkeypatch.setattr(dynamodb, "put_item", refuse)
    with pytest.raises(fault):
        DynamoDbAssertions(dynamodb, "grants", clock).use("web", "j", NOW + 60)
