"""The Date header of HTTP (RFC 9110 §5.6.7), beside the reader of the standard library."""

from __future__ import annotations

from email.utils import formatdate, parsedate_to_datetime

import pytest

from keyturn.adapters.aws.http_date import seconds_of


@pytest.mark.parametrize("start", [0, 951_782_400, 1_790_000_000, 4_102_444_800])
def test_a_date_is_read_as_the_standard_library_reads_it(start: int) -> None:
    """Each day and each time of a day is the same instant to both readers, in leap years too."""
    for seconds in range(start, start + 400 * 86_400, 86_400 + 3_661):
        date = formatdate(seconds, usegmt=True)
        assert seconds_of(date) == seconds == parsedate_to_datetime(date).timestamp()


def test_a_leap_second_is_the_first_of_the_next_minute() -> None:
    """RFC 9110 §5.6.7: a second of 60 is a date, and begins the next minute."""
    assert seconds_of("Sat, 31 Dec 2016 23:59:60 GMT") == 1_483_228_800 == seconds_of("Sun, 01 Jan 2017 00:00:00 GMT")


@pytest.mark.parametrize(
    "date",
    [
        *("Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 94 08:49:37 GMT", "Sun, 06 Nov 1994 8:49:37 GMT"),
        *("Sun, 06 Nov 1994 08:49:3x GMT", "Sun, 06 Nov 1994 08:49 GMT", "Sun, 06 Nov 1994 23:59:61 GMT"),
        *("Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 -1:49:37 GMT", "Sun, 06 Nov 19\xb94 08:49:37 GMT"),
        *("06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT GMT", "Sunday, 06-Nov-94 08:49:37 GMT"),
    ],
)
def test_another_form_is_no_date(date: str) -> None:
    """A date in any other form has no instant: a guess would set a clock."""
    assert seconds_of(date) is None
