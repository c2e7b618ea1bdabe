"""Service time from the Date header of DynamoDB's responses, which all functions share in place of their own clocks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from keyturn.adapters.aws.http_date import seconds_of
from keyturn.adapters.aws.system_clock import monotonic_seconds, wall_seconds
from keyturn.domain.errors import ClockUnavailable
from keyturn.domain.time.ages import Instant
from keyturn.domain.time.service_time import service_time

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from keyturn.domain.time.service_time import ServiceTime


class _Sample(NamedTuple):
    """The Date of a response, in seconds since the epoch, and when its request left and the response arrived."""

    date: float
    sent: Instant
    arrived: Instant


class ServiceClock:
    """A Clock that is set by every response of one client of DynamoDB, boto3's or ours."""

    def __init__(
        self,
        dynamodb: DynamoDBClient,
        wall: Callable[[], float] = wall_seconds,
        monotonic: Callable[[], float] = monotonic_seconds,
    ) -> None:

        self._wall = wall
        self._monotonic = monotonic
        # One value for each thread: a response must be paired with the sending of its own request.
        self._sent = threading.local()
        self._sample: _Sample | None = None
        # Every attempt sends, and only the last one has a response: its Date is later than that sending.
        dynamodb.meta.events.register("before-send.dynamodb", self._note_request)
        dynamodb.meta.events.register("after-call.dynamodb", self._note_answer)

    def now(self) -> ServiceTime:
        """Return the interval that contains the present; raises ClockUnavailable before a usable response."""
        sample = self._sample
        if sample is None:
            raise ClockUnavailable("DynamoDB has not returned a Date yet")
        present = service_time(*sample, self._read())
        if present is None:
            self._sample = None
            raise ClockUnavailable("this machine's clock was set back; the next response of DynamoDB corrects it")
        return present

    def instant(self) -> Instant:
        """Return this instant by the machine's clocks, with the Date of the last response or None (invariant I10)."""
        sample = self._sample
        return self._read() if sample is None else self._read().with_date(int(sample.date))

    def pause(self, seconds: float) -> None:
        """Return after this number of seconds."""
        time.sleep(seconds)

    def estimate(self) -> float:
        """Return the early end of the present, or this machine's clock before a usable response; both in seconds.

        It is for times that are not compared with those of other machines.
        """
        try:
            return self.now().earliest
        except ClockUnavailable:
            return self._wall()

    def _read(self) -> Instant:
        return Instant(self._wall(), self._monotonic())

    def _note_request(self, **_event: Any) -> None:
        self._sent.at = self._read()

    def _note_answer(self, parsed: dict[str, Any], **_event: Any) -> None:
        headers = parsed.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        date = seconds_of(headers.get("date"))
        sent: Instant | None = getattr(self._sent, "at", None)
        if date is not None and sent is not None:
            self._sample = _Sample(date, sent, self._read())
