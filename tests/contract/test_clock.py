"""The Clock port: the fake and the clock that DynamoDB's answers set behave alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from keyturn.adapters.aws.service_clock import ServiceClock
from keyturn.adapters.aws.system_clock import wall_seconds
from keyturn.domain.errors import ClockUnavailable
from keyturn.ports import Clock
from tests.fakes.moto_connections import http_dynamodb
from tests.fakes.moto_dynamodb import create_table, moto_dynamodb
from tests.fakes.stepped_clock import SteppedClock

Ask = Callable[[], None]


@pytest.fixture(params=["stepped", "boto3", "http"])
def clock_and_answer(request: pytest.FixtureRequest) -> Iterator[tuple[Clock, Ask]]:
    """Return a clock that has not heard the time yet, and what lets it hear."""
    if request.param == "stepped":
        stepped = SteppedClock(seconds=wall_seconds() - 1.0, spread=2.9)
        stepped.fault = ClockUnavailable("not yet")

        def hear() -> None:
            stepped.fault = None

        yield stepped, hear
        return
    with moto_dynamodb() as dynamodb:
        create_table(dynamodb, "rings", "pk")
        client = http_dynamodb(dynamodb) if request.param == "http" else dynamodb
        clock = ServiceClock(client)

        def read() -> None:
            client.get_item(TableName="rings", Key={"pk": {"S": "ring#default"}})

        yield clock, read


def test_a_clock_that_has_heard_nothing_says_so(clock_and_answer: tuple[Clock, Ask]) -> None:
    """Service time is unknown before a store has answered: the local clock never replaces it (I7)."""
    clock, _ = clock_and_answer
    with pytest.raises(ClockUnavailable):
        clock.now()


def test_the_present_lies_in_the_interval(clock_and_answer: tuple[Clock, Ask]) -> None:
    """After an answer the interval holds the present, and is no wider than the resolution of a Date allows (I7)."""
    clock, hear = clock_and_answer
    hear()
    now, present = clock.now(), wall_seconds()
    assert now.earliest <= present <= now.latest
    assert now.latest - now.earliest < 3
