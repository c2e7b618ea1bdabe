"""Service time from DynamoDB's Date: an interval that always holds the present (I7)."""

from __future__ import annotations

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse, HTTPHeaders
from hypothesis import given
from hypothesis import strategies as st

from keyturn.adapters.aws.service_clock import ServiceClock
from keyturn.domain.errors import ClockUnavailable
from keyturn.domain.time.service_time import ServiceTime
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
        self.handlers["after-call.dynamodb"](parsed=parsed)


def http_date(seconds: float) -> str:
    """Return the Date header of an instant: cut to the second."""
    return formatdate(seconds, usegmt=True)


def ends(machine: Machine) -> tuple[float, float]:
    """Return the interval in milliseconds' precision."""
    now = machine.clock.now()
    return round(now.earliest, 3), round(now.latest, 3)


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
    assert ends(machine) == (NOW, NOW + 1.4)
    machine.pass_time(10)
    assert ends(machine) == (NOW + 10, NOW + 11.4)


def test_frozen_sandbox_widens_the_interval(machine: Machine) -> None:
    """While the monotonic clock stood still, the early end waits and the late end goes with the wall clock."""
    machine.send()
    machine.receive(http_date(NOW))
    machine.pass_time(100, monotonic=1)
    assert ends(machine) == (NOW + 1, NOW + 101)


def test_wall_clock_that_was_set_back_ends_the_knowledge(machine: Machine) -> None:
    """After the wall clock went back, the age of the last response is unknown until the next response."""
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
    assert ends(machine) == (NOW + 9.8, NOW + 11)


@pytest.mark.parametrize("date", [None, "", "yesterday", "2026-09-21T14:13:20Z"])
def test_answer_without_a_date_changes_nothing(machine: Machine, date: str | None) -> None:
    """A response without a usable Date leaves the last one in use."""
    machine.send()
    machine.receive(http_date(NOW))
    machine.send()
    machine.receive(date)
    assert machine.clock.now().earliest == NOW


def test_latest_attempt_counts(machine: Machine) -> None:
    """If there were several attempts, time counts from the sending of the last one."""
    machine.send()
    machine.pass_time(5)
    machine.send()
    machine.receive(http_date(NOW))
    assert ends(machine) == (NOW, NOW + 1)


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


class Body(io.BytesIO):
    """The body of an answer, as urllib3 streams it."""

    def stream(self, **_: Any) -> Iterator[bytes]:
        """Return all of it."""
        yield self.read()


@pytest.mark.parametrize(("status", "body"), [(200, b"{}"), (400, b'{"__type": "ConditionalCheckFailedException"}')])
def test_every_answer_of_a_client_sets_the_clock(status: int, body: bytes) -> None:
    """boto3 reports its requests and its responses, also those that are errors."""
    dynamodb = boto3.client("dynamodb", region_name="eu-central-1", aws_access_key_id="x", aws_secret_access_key="x")
    clock = ServiceClock(dynamodb, lambda: 100.0, lambda: 100.0)
    headers = HTTPHeaders.from_dict({"Date": http_date(NOW)})

    def answer(**_event: Any) -> Any:
        return AWSResponse("https://dynamodb", status, headers, Body(body))

    dynamodb.meta.events.register("before-send.dynamodb", answer)
    if status == 200:
        dynamodb.list_tables()
    else:
        with pytest.raises(dynamodb.exceptions.ConditionalCheckFailedException):
            dynamodb.list_tables()
    assert clock.now() == ServiceTime(NOW, NOW + 1)


def test_an_estimate_is_there_before_the_first_answer(machine: Machine) -> None:
    """An estimate is this machine's clock until DynamoDB's first Date, then the early end of service time."""
    assert machine.clock.estimate() == machine.wall
    machine.send()
    machine.receive(http_date(NOW))
    assert machine.clock.estimate() == machine.clock.now().earliest == NOW


def test_two_calls_at_once(machine: Machine) -> None:
    """I7: an answer is as old as the sending of its own request, though another thread sends one meanwhile."""
    machine.send()
    slow_answer = http_date(NOW)
    machine.pass_time(3)
    with ThreadPoolExecutor(1) as other:
        other.submit(machine.send).result()
    machine.pass_time(1)
    machine.receive(slow_answer)
    assert ends(machine) == (NOW, NOW + 1 + 4)


def dates(machine: Machine) -> tuple[float, float, int | None]:
    """Return the present instant's times."""
    instant = machine.clock.instant()
    return instant.wall, instant.monotonic, instant.date


def test_an_instant_has_the_date_of_the_last_answer(machine: Machine) -> None:
    """I10: a cached value is as old as a later answer says, where both clocks stand still."""
    assert dates(machine) == (machine.wall, machine.monotonic, None)
    machine.send()
    machine.pass_time(0.25)
    machine.receive(http_date(NOW))
    assert dates(machine) == (machine.wall, machine.monotonic, NOW)
