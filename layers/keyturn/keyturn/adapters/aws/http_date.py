"""The Date header of HTTP, without the email package, which would take a tenth of a cold start."""

from __future__ import annotations

import datetime

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_EPOCH_DAY = datetime.date(1970, 1, 1).toordinal()


def seconds_of(date: str | None) -> int | None:
    """Return the seconds since the epoch of `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7), or None."""
    try:
        _, day, month, year, clock, _ = [] if date is None else date.split()
        hour, minute, second = clock.split(":")
        digits = day + year + hour + minute + second
        if len(digits) != 12 or not digits.isdecimal() or clock > "23:59:60":
            return None
        # The month's name is English in every locale; a leap second is the first second of the next minute.
        days = datetime.date(int(year), _MONTHS.index(month) + 1, int(day)).toordinal() - _EPOCH_DAY
        return 86_400 * days + 3_600 * int(hour) + 60 * int(minute) + int(second)
    except ValueError:
        return None
