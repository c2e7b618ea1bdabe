"""This machine's two clocks; no other module of the authorizer reads one."""

from __future__ import annotations

import time


def wall_seconds() -> float:
    """Return the seconds since the epoch; they may jump, in either direction."""
    return time.time()  # noqa: TID251 - this is the clock adapter


def monotonic_seconds() -> float:
    """Return seconds that never go back, from an unknown start; they may stand still while a sandbox is frozen."""
    return time.monotonic()
