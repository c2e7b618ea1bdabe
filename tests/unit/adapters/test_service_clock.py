"""Service time from DynamoDB's Date: an interval that always holds the present (I7)."""

from __future__ import annotations

from email.utils import formatdate
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from hypothesis import given
from hypothesis import strategies as st

from keyturn.adapters.service_clock import ServiceClock
from keyturn.domain.errors import ClockUnavailable
from tests.fakes.moto_dynamodb import create_table, moto_dynamodb
from tests.fakes.token_factory import NOW


class Machine:
    """A machine whose two clocks a test moves, and the events of a client on it."""

    def __init__(self) -> None:
        """Begin with a wall clock that is a day off."""
        self.wall = NOW - 86_400.0
        self.monotonic = 50.0
        self.handlers: dict[str, Any] = {}
        self.meta = self
        self.events = self
        self.clock = ServiceClock(self, lambda: self.wall, lambda: self.monotonic)  # type: ignore[arg-type]

    def register(self, event: str, handler: Any) -> None:
        """Take a handler, as botocore does."""
        self.handlers[event] = handler

    def pass_time(self, wall: float, monotonic: float | None = None) -> None:
        """Let time pass on both clocks, which may disagree."""
        self.wall += wall
        self.monotonic += wall if monotonic is None else monotonic

    def send(self) -> None:
        """Send a request."""
        self.handlers["before-send.dynamodb"](request=None)

    def receive(self, date: str | None) -> None:
        """Receive an answer with this Date."""
        headers = {} if date is None else {"date": date}
        parsed = {"ResponseMetadata": {"HTTPHeaders": headers}}
        self.handlers["after-call.dynamodb"](http_response=AWSResponse("", 200, {}, None), parsed=parsed)


def http_date(seconds: float) -> str:
    """Return the Date header of an instant: cut to the second."""
    return formatdate(seconds, usegmt=True)


@pytest.fixture
def machine() -> Machine:
    """Return a machine that has heard nothing."""
    return Machine()


def test_no_time_before_the_first_answer(machine: Machine) -> None:
    """Before DynamoDB has answered, nobody knows the time, whatever the wall clock says."""
    with pytest.raises(ClockUnavailable):
        machine.clock.now()
    machine.send()
    with pytest.raises(ClockUnavailable):
        machine.clock.now()


def test_interval_counts_from_sending_and_from_arrival(machine: Machine) -> None:
    """The early end counts from the answer's arrival, the late one from the request, a second later."""
    machine.send()
    machine.pass_time(0.4)
    machine.receive(http_date(NOW))
    assert machine.clock.now() == (NOW, pytest.approx(NOW + 1.4))
    machine.pass_time(10)
    assert machine.clock.now() == (pytest.approx(NOW + 10), pytest.approx(NOW + 11.4))


def test_frozen_sandbox_widens_the_interval(machine: Machine) -> None:
    """While the monotonic clock stood still, the early end waits and the late end goes with the wall clock."""
    machine.send()
    machine.receive(http_date(NOW))
    machine.pass_time(100, monotonic=1)
    assert machine.clock.now() == (pytest.approx(NOW + 1), pytest.approx(NOW + 101))


def test_wall_clock_that_was_set_back_ends_the_knowledge(machine: Machine) -> None:
    """A wall clock that went back tells nothing of how long the answer is ago: the next answer does."""
    machine.send()
    machine.receive(http_date(NOW))
    machine.pass_time(-2, monotonic=5)
    with pytest.raises(ClockUnavailable, match="set back"):
        machine.clock.now()
    with pytest.raises(ClockUnavailable):
        machine.clock.now()
    machine.send()
    machine.receive(http_date(NOW + 7))
    assert machine.clock.now().earliest == NOW + 7


def test_slewed_wall_clock_is_no_reason_to_stop(machine: Machine) -> None:
    """A wall clock that lags a little is believed for the early end alone."""
    machine.send()
    machine.receive(http_date(NOW))
    machine.pass_time(9.8, monotonic=10)
    assert machine.clock.now() == (pytest.approx(NOW + 9.8), pytest.approx(NOW + 11))


@pytest.mark.parametrize("date", [None, "", "yesterday", "2026-09-21T14:13:20Z"])
def test_answer_without_a_date_changes_nothing(machine: Machine, date: str | None) -> None:
    """An answer that does not tell the time leaves what was known."""
    machine.send()
    machine.receive(http_date(NOW))
    machine.send()
    machine.receive(date)
    assert machine.clock.now().earliest == NOW


def test_latest_attempt_counts(machine: Machine) -> None:
    """Of several attempts the last one was answered: time counts from its sending."""
    machine.send()
    machine.pass_time(5)
    machine.send()
    machine.receive(http_date(NOW))
    assert machine.clock.now() == (NOW, NOW + 1)


@given(
    start=st.floats(0, 2),
    request_takes=st.floats(0, 2),
    answer_takes=st.floats(0, 2),
    later=st.floats(0, 1000),
    frozen=st.floats(0, 1000),
)
def test_present_is_always_within(
    start: float, request_takes: float, answer_takes: float, later: float, frozen: float
) -> None:
    """However long the ways and the freeze are, true service time lies in the interval."""
    machine = Machine()
    true = NOW + start
    machine.send()
    true += request_takes
    date = http_date(true)
    true += answer_takes
    machine.pass_time(request_takes + answer_takes)
    machine.receive(date)
    true += later + frozen
    machine.pass_time(later + frozen, monotonic=later)
    now = machine.clock.now()
    assert now.earliest - 1e-6 <= true <= now.latest + 1e-6


def test_answers_of_a_real_client_set_the_clock() -> None:
    """boto3 tells of its requests and answers, also of those that are errors."""
    with moto_dynamodb() as dynamodb:
        clock = ServiceClock(dynamodb, lambda: 100.0, lambda: 100.0)
        create_table(dynamodb, "rings", "pk")
        dynamodb.put_item(TableName="rings", Item={"pk": {"S": "x"}})
        known = clock._sample
        clock._sample = None
        with pytest.raises(dynamodb.exceptions.ConditionalCheckFailedException):
            dynamodb.put_item(
                TableName="rings", Item={"pk": {"S": "x"}}, ConditionExpression="attribute_not_exists(pk)"
            )
        assert (known is None) == (clock._sample is None)
        assert clock._sent is not None
