"""The RateCounter port: the fake and the DynamoDB adapter behave alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from keyturn.adapters.aws.item_version import ITEM_VERSION
from keyturn.adapters.grants.dynamodb_rates import DynamoDbRates
from keyturn.domain.errors import StoreUnavailable, Throttled
from tests.fakes.at_once import at_once
from tests.fakes.lost_answer import lost_answer
from tests.fakes.memory_rates import MemoryRates
from tests.fakes.token_factory import NOW

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from keyturn.ports import RateCounter
    from tests.fakes.stepped_clock import SteppedSeconds

MINUTE = NOW - 20  # the beginning of a minute, of which 40 s are left


@pytest.fixture(params=["memory", "boto3", "http"])
def rates(request: pytest.FixtureRequest, clock: SteppedSeconds) -> RateCounter:
    """Return an empty counter of each kind."""
    if request.param == "memory":
        return MemoryRates(clock)
    return DynamoDbRates(request.getfixturevalue(f"{request.param}_dynamodb"), "grants", clock)


def test_so_many_a_minute(rates: RateCounter, clock: SteppedSeconds) -> None:
    """Within the rate it is 0, from then on the seconds to the next minute, at least 1; then it begins anew."""
    assert [rates.take("web", "token", 2) for _ in range(3)] == [0, 0, 40]
    clock.seconds = MINUTE + 59.5
    assert rates.take("web", "token", 2) == 1
    clock.seconds = MINUTE + 60
    assert [rates.take("web", "token", 2) for _ in range(3)] == [0, 0, 60]


def test_a_client_counts_for_itself(rates: RateCounter) -> None:
    """Another client's requests are not counted."""
    assert [rates.take(client, "token", 1) for client in ("web", "other", "web")] == [0, 0, 40]


def test_an_endpoint_counts_for_itself(rates: RateCounter) -> None:
    """The requests of one client at another endpoint are not counted."""
    assert [rates.take("web", endpoint, 1) for endpoint in ("token", "revocation", "token")] == [0, 0, 40]


def test_a_changed_rate_counts_at_once(rates: RateCounter) -> None:
    """Counted requests stay counted when the operator changes the rate."""
    assert [rates.take("web", "token", rate) for rate in (1, 1, 3, 3, 3)] == [0, 40, 0, 0, 40]


def test_of_16_callers_at_once_the_rate_gets_in(rates: RateCounter) -> None:
    """No two are counted as one."""
    assert sorted(at_once(16, lambda: rates.take("web", "token", 5))) == [0] * 5 + [40] * 11


def test_the_item(dynamodb: DynamoDBClient, clock: SteppedSeconds) -> None:
    """One item a client, endpoint and minute, with a version; it leaves two minutes after its own."""
    rates = DynamoDbRates(dynamodb, "grants", clock)
    for _ in range(4):
        rates.take("web", "token", 3)
    [item] = dynamodb.scan(TableName="grants")["Items"]
    assert len(item.pop("attempt")["S"]) == 32
    assert item == {
        "pk": {"S": f"rate#web#token#{MINUTE // 60}"},
        "v": {"N": "1"},
        "taken": {"N": "3"},
        "expires_at": {"N": str(MINUTE + 180)},
    }


@pytest.mark.parametrize("counted_before", [0, 1, 2])
def test_a_count_that_the_client_sends_again_counts_once(
    dynamodb: DynamoDBClient, clock: SteppedSeconds, monkeypatch: pytest.MonkeyPatch, counted_before: int
) -> None:
    """A request whose count got no answer takes one place of the rate, also the last one."""
    rates = DynamoDbRates(dynamodb, "grants", clock)
    for _ in range(counted_before):
        rates.take("web", "token", 3)
    with lost_answer(dynamodb, "UpdateItem", monkeypatch) as sent:
        assert rates.take("web", "token", 3) == 0
    assert sent == ["UpdateItem", "UpdateItem"]
    assert [rates.take("web", "token", 3) for _ in range(3 - counted_before)] == [0] * (2 - counted_before) + [40]


def test_a_refused_count_that_the_client_sends_again_stays_refused(
    dynamodb: DynamoDBClient, clock: SteppedSeconds, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lost answer lets no request pass above the rate, and one that an earlier release counted counts as well."""
    rates = DynamoDbRates(dynamodb, "grants", clock)
    rates.take("web", "token", 1)
    for _ in range(2):
        with lost_answer(dynamodb, "UpdateItem", monkeypatch):
            assert rates.take("web", "token", 1) == 40
        [item] = dynamodb.scan(TableName="grants")["Items"]
        item.pop("attempt", None)
        dynamodb.put_item(TableName="grants", Item=item)


def test_a_newer_releases_item_keeps_its_version(dynamodb: DynamoDBClient, clock: SteppedSeconds) -> None:
    """Two releases count in one item, and the older one does not set its version back."""
    rates = DynamoDbRates(dynamodb, "grants", clock)
    rates.take("web", "token", 3)
    [newer] = dynamodb.scan(TableName="grants")["Items"]
    dynamodb.put_item(TableName="grants", Item=newer | {"v": {"N": str(ITEM_VERSION + 1)}})
    rates.take("web", "token", 3)
    [item] = dynamodb.scan(TableName="grants")["Items"]
    assert (item["v"], item["taken"]) == ({"N": str(ITEM_VERSION + 1)}, {"N": "2"})


@pytest.mark.parametrize(
    ("code", "fault"), [("ProvisionedThroughputExceededException", Throttled), ("Unknown", StoreUnavailable)]
)
def test_a_store_that_does_not_answer(
    dynamodb: DynamoDBClient, clock: SteppedSeconds, monkeypatch: pytest.MonkeyPatch, code: str, fault: type[Exception]
) -> None:
    """A failed count is a fault instead of a request within the rate."""

    def refuse(**_call: Any) -> None:
        raise ClientError({"Error": {"Code": code, "Message": ""}}, "UpdateItem")

    monkeypatch.setattr(dynamodb, "update_item", refuse)
    with pytest.raises(fault):
        DynamoDbRates(dynamodb, "grants", clock).take("web", "token", 3)
