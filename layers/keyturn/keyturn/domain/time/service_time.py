"""Service time: the interval in which the present lies, by a clock that all functions share.

`Date` headers have a resolution of one second and arrive late, so that one number would be off by more than a second in
either direction. An interval is honest: tokens are issued at its early end and revocations cut at its late end, hence a
token issued before a revocation can never carry an `iat` after it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from keyturn.domain.time.ages import DATE_CUT, least_elapsed, most_elapsed, was_set_back

if TYPE_CHECKING:
    from keyturn.domain.time.ages import Instant


class ServiceTime(NamedTuple):
    """Seconds since the epoch: the present is neither before `earliest` nor after `latest`."""

    earliest: float
    latest: float


def service_time(date: float, sent: Instant, arrived: Instant, now: Instant) -> ServiceTime | None:
    """Return the interval in which the present lies, by the Date of an answer; None if the wall clock was set back.

    Date was cut to whole seconds between `sent` and `arrived`. The early end takes the smaller clock, the late end the
    larger one (ADR 5).
    """
    if was_set_back(sent, now):
        return None
    return ServiceTime(date + least_elapsed(arrived, now), date + DATE_CUT + most_elapsed(sent, now))
