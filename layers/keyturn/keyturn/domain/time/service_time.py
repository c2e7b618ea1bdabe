"""Service time: the interval that contains the present, by the Date headers of the stores that all functions share.

`Date` has a resolution of one second and arrives late: a single number could be off by more than a second. Tokens are
issued at the interval's early end, and a revocation's cutoff is its late end. Hence a token issued before a revocation
can never carry an `iat` after it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from keyturn.domain.time.ages import DATE_RESOLUTION, least_elapsed, most_elapsed, was_set_back

if TYPE_CHECKING:
    from keyturn.domain.time.ages import Instant


class ServiceTime(NamedTuple):
    """Seconds since the epoch: the present lies between `earliest` and `latest`, both included."""

    earliest: float
    latest: float


def service_time(date: float, sent: Instant, arrived: Instant, now: Instant) -> ServiceTime | None:
    """Return the interval that contains the present, by the Date of a response; None if the wall clock was set back.

    The service read its clock for Date between `sent` and `arrived`, and rounded down to seconds. The early end adds
    the smaller elapsed time, and the late end the larger one (ADR 5).
    """
    if was_set_back(sent, now):
        return None
    return ServiceTime(date + least_elapsed(arrived, now), date + DATE_RESOLUTION + most_elapsed(sent, now))
