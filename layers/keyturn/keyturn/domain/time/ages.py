"""Ages of data that is cached between requests: the only module that compares instants (invariant I10; ADR 5, 23).

Lambda freezes a sandbox between requests. Meanwhile the monotonic clock stops, and the wall clock may lag or be set.
Each age is therefore an upper bound: the largest by all available clocks. The early end of service time and the seconds
that tokens are compared with are lower bounds.
"""

from __future__ import annotations

import math


class Instant:
    """One instant by each available clock, in seconds; a read's instant is the one before it was sent.

    `wall`, since the epoch, and `monotonic` are this machine's. `gateway` and `invocation`, since the epoch, are
    the request's times by API Gateway and by Lambda, or None. `date` is the Date of the read's own response. For
    the present it is the Date of the last response, or None.
    """

    __slots__ = ("date", "gateway", "invocation", "monotonic", "wall")

    def __init__(
        self,
        wall: float,
        monotonic: float,
        gateway: float | None = None,
        invocation: float | None = None,
        date: int | None = None,
    ) -> None:
        self.wall = wall
        self.monotonic = monotonic
        self.gateway = gateway
        self.invocation = invocation
        self.date = date

    def with_date(self, date: int | None) -> Instant:
        """Return this instant of a read with the Date of its response."""
        return Instant(self.wall, self.monotonic, self.gateway, self.invocation, date)

    def without_request(self) -> Instant:
        """Return this instant without the request's times."""
        return Instant(self.wall, self.monotonic, date=self.date)


# API Gateway, Lambda and DynamoDB keep their clocks within this of each other, in seconds.
SKEW = 2.0
# Date has whole seconds, rounded down (RFC 9110 §5.6.7).
DATE_RESOLUTION = 1.0
# A request waits at API Gateway for 29 s at most: one that seems older than the read may have started before it.
_LONGEST_WAIT = 30.0
# A slewed wall clock may lag a little behind the monotonic one; a wall clock that was set back lags more.
_SLEW = 0.5
# Milliseconds since the epoch, from 2001 to 2286: any other number has another unit, or is not a time.
_FIRST_MILLISECOND, _LAST_MILLISECOND = 10**12, 10**13


def age(since: Instant | None, now: Instant) -> float:
    """Return an upper bound on the seconds since an instant, by this machine's clocks and by the requests' times.

    A request's time is compared with one of the same clock, so that a constant skew cancels out. Without one, it is
    compared with the Date of the read's response, less the skew and the resolution of Date. The Date of a later
    response is compared in the same way, without skew. Neither result exceeds the time that has passed.
    """
    if since is None:
        return math.inf
    # Each request takes several ages: a call of max would cost more than the comparison. A wall clock that went back
    # says nothing of what has passed.
    seconds, ticks = now.wall - since.wall, now.monotonic - since.monotonic
    if now.wall < since.wall:
        seconds = math.inf
    elif seconds < ticks:
        seconds = ticks
    compared = False
    if now.gateway is not None and since.gateway is not None:
        seconds, compared = _larger(seconds, now.gateway - since.gateway), True
    if now.invocation is not None and since.invocation is not None:
        seconds, compared = _larger(seconds, now.invocation - since.invocation), True
    if compared or since.date is None:
        return seconds
    if now.date is not None:
        return max(seconds, now.date - since.date - DATE_RESOLUTION)
    witness = now.invocation if now.gateway is None else now.gateway
    return seconds if witness is None else max(seconds, witness - since.date - SKEW - DATE_RESOLUTION)


def _larger(seconds: float, passed: float) -> float:
    """Return the larger age, with the seconds that passed by a request's clock; inf if one of its two times is wrong.

    Requests arrive out of order: a time may go back by as much as a request can wait.
    """
    if passed > seconds:
        return passed
    return seconds if passed >= -_LONGEST_WAIT else math.inf


class PreparedInstant(Instant):
    """The instant of a read before a sandbox's first request, which no request dates.

    The sandbox may be frozen after the read. `invocation` is the earliest time of Lambda's clock that the response's
    Date allows: an age by it is an upper bound. It is -inf without a Date.
    """

    __slots__ = ()


def before_requests(sent: Instant, answered: Instant, date: int | None) -> PreparedInstant:
    """Return the instant of a read before the first request; `answered` is when its response arrived."""
    earliest = -math.inf if date is None else date - SKEW - max(0.0, most_elapsed(sent, answered))
    return PreparedInstant(sent.wall, sent.monotonic, None, earliest, date)


def present_seconds(read: Instant | None, arrived: Instant | None, now: Instant) -> float:
    """Return the present for tokens' times: the wall clock, or the early end of service time if later.

    `read` is the newest read with a Date, and `arrived` is the instant of its response. The skew is subtracted from a
    request's time. Since that read, the result advances by at most the seconds of the request's own clock: a gateway
    whose clock is off by more than the skew must not make valid tokens expire.
    """
    seconds = now.wall
    date = None if read is None else read.date
    if read is None or arrived is None or date is None:
        gateway_then = invocation_then = None
    else:
        seconds = max(seconds, date, date + least_elapsed(arrived, now))
        gateway_then, invocation_then = read.gateway, read.invocation
    if now.gateway is not None:
        seconds = max(seconds, _witnessed(now.gateway, gateway_then, date))
    if now.invocation is not None:
        seconds = max(seconds, _witnessed(now.invocation, invocation_then, date))
    return seconds


def _witnessed(witness: float, then: float | None, date: int | None) -> float:
    """Return the early end of service time by a request's time, and by that of the read with this Date."""
    if then is None or date is None:
        return witness - SKEW
    return min(witness - SKEW, date + DATE_RESOLUTION + witness - then)


def request_seconds(milliseconds: object) -> float | None:
    """Return a request's time in seconds since the epoch; None unless it is a plausible integer of milliseconds."""
    if type(milliseconds) is not int or not _FIRST_MILLISECOND <= milliseconds < _LAST_MILLISECOND:
        return None
    return milliseconds / 1000


def least_elapsed(since: Instant, now: Instant) -> float:
    """Return the smaller of the seconds between two instants by this machine's clocks."""
    return min(now.wall - since.wall, now.monotonic - since.monotonic)


def most_elapsed(since: Instant, now: Instant) -> float:
    """Return the larger of the seconds between two instants by this machine's clocks."""
    return max(now.wall - since.wall, now.monotonic - since.monotonic)


def was_set_back(since: Instant, now: Instant) -> bool:
    """Return whether the wall clock of this machine lags behind the monotonic one by more than a slew explains."""
    return now.wall - since.wall < now.monotonic - since.monotonic - _SLEW
