"""How old a view is that was read from a store: never younger than it may be."""

from __future__ import annotations

import math

TYPE_CHECKING = False
if TYPE_CHECKING:
    Instant = tuple[float, float]


def view_age(read_at: Instant, now: Instant) -> float:
    """Return the seconds since a read was sent, each instant being (wall, monotonic) seconds of one machine.

    The monotonic clock may stand still while a sandbox is frozen, the wall clock may be set: the larger counts, and a
    wall clock that went back says nothing about how long ago the read was, so that the view is infinitely old.
    """
    wall, monotonic = now[0] - read_at[0], now[1] - read_at[1]
    return max(wall, monotonic) if wall >= 0 else math.inf
