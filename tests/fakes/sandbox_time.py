"""A sandbox's time by clocks that a test moves."""

from __future__ import annotations

from collections.abc import Callable

from authorizer.sandbox_time import SandboxTime

TIMEOUT = 3


def sandbox_time(
    wall: Callable[[], float],
    monotonic: Callable[[], float] | None = None,
    date: Callable[[], int | None] = lambda: None,
) -> SandboxTime:
    """Return a sandbox's time; both clocks are one by default, and no answer has a Date."""
    return SandboxTime(wall, monotonic or wall, date, TIMEOUT)
