"""Service time that changes only when a test moves it."""

from __future__ import annotations

from keyturn.domain.time.service_time import ServiceTime
from tests.fakes.token_factory import NOW


class SteppedClock:
    """A Clock at `seconds`, with `spread` seconds of uncertainty; `fault` is raised if there is one."""

    def __init__(self, seconds: float = NOW, spread: float = 0.0) -> None:
        self.seconds = seconds
        self.spread = spread
        self.fault: Exception | None = None

    def now(self) -> ServiceTime:
        """Return the interval."""
        if self.fault is not None:
            raise self.fault
        return ServiceTime(self.seconds, self.seconds + self.spread)

    def pause(self, seconds: float) -> None:
        """Let the time pass."""
        self.seconds += seconds


class SteppedSeconds:
    """A time in seconds for comparisons of ends; it is NOW until `seconds` is set."""

    def __init__(self) -> None:
        self.seconds: float = NOW

    def __call__(self) -> float:
        """Return the time."""
        return self.seconds
