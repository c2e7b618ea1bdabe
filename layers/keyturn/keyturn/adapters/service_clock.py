"""Service time from the Date header of DynamoDB's answers: what all functions share, whatever their own clocks say."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from keyturn.adapters.system_clock import monotonic_seconds, wall_seconds
from keyturn.domain.errors import ClockUnavailable
from keyturn.domain.service_time import ServiceTime

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# A wall clock that is slewed may lag a little behind the monotonic one; one that was set back lags more.
_SLEW = 0.5


class _Reading(NamedTuple):
    """Both clocks of this machine, in seconds, at one instant."""

    wall: float
    monotonic: float


class _Sample(NamedTuple):
    """The Date of an answer, in seconds since the epoch, and when its request left and the answer arrived."""

    date: float
    sent: _Reading
    arrived: _Reading


class ServiceClock:
    """A Clock that the answers of one boto3 client set."""

    def __init__(
        self,
        dynamodb: DynamoDBClient,
        wall: Callable[[], float] = wall_seconds,
        monotonic: Callable[[], float] = monotonic_seconds,
    ) -> None:
        """Listen to every answer of this client."""
        self._wall = wall
        self._monotonic = monotonic
        # By thread, as the calls are: the answer to one request is not paired with the sending of another.
        self._sent = threading.local()
        self._sample: _Sample | None = None
        # Every attempt sends, and only the last one is answered: the Date is from after that sending.
        dynamodb.meta.events.register("before-send.dynamodb", self._note_request)
        dynamodb.meta.events.register("after-call.dynamodb", self._note_answer)

    def now(self) -> ServiceTime:
        """Return the interval in which the present lies; raises ClockUnavailable before a usable answer.

        The Date was cut to whole seconds while the request was under way, hence the two ends. Of the two clocks the
        monotonic one stands still while a sandbox is frozen, and the wall clock may jump: each end takes the worse.
        """
        sample = self._sample
        if sample is None:
            raise ClockUnavailable("DynamoDB has not told the time yet")
        date, sent, arrived = sample
        now = self._read()
        if now.wall - sent.wall < now.monotonic - sent.monotonic - _SLEW:
            # Set back: how long ago that answer was, neither clock can tell.
            self._sample = None
            raise ClockUnavailable(
                "this machine's clock was set back; the next answer of DynamoDB tells the time again"
            )
        since_arrival = min(now.wall - arrived.wall, now.monotonic - arrived.monotonic)
        since_request = max(now.wall - sent.wall, now.monotonic - sent.monotonic)
        return ServiceTime(date + since_arrival, date + 1.0 + since_request)

    def pause(self, seconds: float) -> None:
        """Return when so many seconds have passed."""
        time.sleep(seconds)

    def estimate(self) -> float:
        """Return the early end of the present, or this machine's clock before a usable answer; both in seconds.

        For what nobody compares with others' times.
        """
        try:
            return self.now().earliest
        except ClockUnavailable:
            return self._wall()

    def _read(self) -> _Reading:
        return _Reading(self._wall(), self._monotonic())

    def _note_request(self, **_event: Any) -> None:
        self._sent.at = self._read()

    def _note_answer(self, parsed: dict[str, Any], **_event: Any) -> None:
        headers = parsed.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        try:
            date = parsedate_to_datetime(headers.get("date", "")).timestamp()
        except ValueError:
            return
        sent: _Reading | None = getattr(self._sent, "at", None)
        if sent is not None:
            self._sample = _Sample(date, sent, self._read())
