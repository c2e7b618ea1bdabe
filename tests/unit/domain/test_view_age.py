"""How old a view is."""

from __future__ import annotations

import math

import pytest

from keyturn.domain.view_age import view_age


@pytest.mark.parametrize(
    ("read_at", "now", "age"),
    [
        ((100.0, 5.0), (103.0, 8.0), 3.0),
        ((100.0, 5.0), (100.0, 5.0), 0.0),  # at once
        ((100.0, 5.0), (100.0, 5.5), 0.5),  # the wall clock tells whole seconds alone
        ((100.0, 5.0), (100.25, 5.25), 0.25),
        ((100.0, 5.0), (160.0, 6.0), 60.0),  # frozen for a minute: the monotonic clock stood still
        ((100.0, 5.0), (101.0, 65.0), 60.0),  # the wall clock was set back by less than has passed
        ((100.0, 5.0), (99.9, 65.0), math.inf),  # it was set back by more
        ((-math.inf, -math.inf), (100.0, 5.0), math.inf),  # nothing was ever read
    ],
)
def test_the_worse_of_two_clocks_counts(read_at: tuple[float, float], now: tuple[float, float], age: float) -> None:
    """A view is as old as either clock says, and infinitely old if the wall clock went back (I10, R47)."""
    assert view_age(read_at, now) == age
