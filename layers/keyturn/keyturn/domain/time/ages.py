"""Ages of what is kept between requests: the one module that compares instants (R47, I10; ADR 5, 23).

Lambda freezes a sandbox between requests. Meanwhile the monotonic clock stands still, and the wall clock may lag or be
set. Each age is therefore an upper bound: the largest of what all clocks at hand say. The early end of service time and
the seconds that tokens are compared with are lower bounds.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import NamedTuple

    class Instant(NamedTuple):
        """One instant by each clock at hand, in seconds; of a read, the instant before it was sent.

        `wall`, since the epoch, and `monotonic` are this machine's. `gateway` and `invocation`, since the epoch, are
        the request's times by API Gateway and by Lambda, or None. `date` is the Date of the read's own answer or,
        of the present, that of the last answer; or None.
        """

        wall: float
        monotonic: float
        gateway: float | None = None
        invocation: float | None = None
        date: int | None = None
else:
    from collections import namedtuple

    Instant = namedtuple("Instant", ("wall", "monotonic", "gateway", "invocation", "date"), defaults=(None, None, None))

# API Gateway, Lambda and DynamoDB keep their clocks within this of each other, in seconds.
SKEW = 2.0
# Date is cut to whole seconds (RFC 9110 §5.6.7).
DATE_CUT = 1.0
# A request waits at API Gateway for 29 s at most: one that seems older than the read may have started before it.
_LONGEST_WAIT = 30.0
# A wall clock that is slewed may lag a little behind the monotonic one; one that was set back lags more.
_SLEW = 0.5
# Milliseconds since the epoch, from 2001 to 2286: anything else is another unit, or no time.
_FIRST_MILLISECOND, _LAST_MILLISECOND = 10**12, 10**13


def elapsed(since: Instant, now: Instant) -> float:
    """Return the seconds between two instants by the larger clock of this machine; inf if its wall clock went back."""
    return math.inf if now.wall < since.wall else most_elapsed(since, now)


def age(since: Instant | None, now: Instant) -> float:
    """Return an upper bound on the seconds since an instant, by this machine's clocks and by the requests' times (R47).

    A request's time is compared with one of the same clock, so that a constant skew cancels out. Where the read has
    none of that clock, it is compared with the answer's Date, less skew and cut: never more than has passed. So is the
    Date of a later answer.
    """
    if since is None:
        return math.inf
    seconds = elapsed(since, now)
    _, _, gateway, invocation, date_now = now
    _, _, gateway_then, invocation_then, date = since
    compared = False
    if gateway is not None and gateway_then is not None:
        seconds, compared = max(seconds, _between(gateway_then, gateway)), True
    if invocation is not None and invocation_then is not None:
        seconds, compared = max(seconds, _between(invocation_then, invocation)), True
    if compared or date is None:
        return seconds
    if date_now is not None:
        return max(seconds, date_now - date - DATE_CUT)
    witness = invocation if gateway is None else gateway
    return seconds if witness is None else max(seconds, witness - date - SKEW - DATE_CUT)


def _between(before: float, now: float) -> float:
    """Return the seconds between two times of one clock; inf if one of the two is wrong.

    Requests arrive out of order: a time that went back by no more than a request can wait says nothing.
    """
    return now - before if now >= before - _LONGEST_WAIT else math.inf


def present_seconds(read: Instant | None, arrived: Instant | None, now: Instant) -> float:
    """Return the seconds that tokens are compared with: the wall clock, or service time at its earliest if later (R14).

    `read` is the newest read with a Date, `arrived` the instant of its answer. A request's time counts less the skew.
    It counts for no more than has passed on its own clock since that read: a gateway whose clock is off by more than
    the skew refuses no good token.
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
    """Return service time at the earliest by a request's time, and by that of the read with this Date."""
    if then is None or date is None:
        return witness - SKEW
    return min(witness - SKEW, date + DATE_CUT + witness - then)


def request_seconds(milliseconds: object) -> float | None:
    """Return a request's time in seconds since the epoch; None unless it is a plausible integer of milliseconds."""
    if type(milliseconds) is not int or not _FIRST_MILLISECOND <= milliseconds < _LAST_MILLISECOND:
        return None
    return milliseconds / 1000


def least_elapsed(since: Instant, now: Instant) -> float:
    """Return the seconds between two instants by the smaller clock of this machine."""
    return min(now.wall - since.wall, now.monotonic - since.monotonic)


def most_elapsed(since: Instant, now: Instant) -> float:
    """Return the seconds between two instants by the larger clock of this machine."""
    return max(now.wall - since.wall, now.monotonic - since.monotonic)


def was_set_back(since: Instant, now: Instant) -> bool:
    """Return whether the wall clock of this machine lags behind the monotonic one by more than a slew explains."""
    return now.wall - since.wall < now.monotonic - since.monotonic - _SLEW
