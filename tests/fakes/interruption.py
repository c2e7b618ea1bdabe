"""Calls that fail or never return, before or after their effect."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Crash(BaseException):
    """The process ends here: nothing may catch it."""


class Interruption:
    """Raises a fault at the n-th point of all calls to the ports that it wraps.

    Each call has two points: before its effect and after it. `points` counts them, whether or not one fails.
    """

    def __init__(self, at: int | None = None, fault: Callable[[], BaseException] = Crash) -> None:
        """Fail at point `at`, the first being 0."""
        self._at = at
        self._fault = fault
        self.points = 0
        self.where = ""

    def wrap(self, port: Any) -> Any:
        """Return the port with every call interrupted at its points."""
        return _Interrupted(port, self)

    def pass_point(self, where: str) -> None:
        """Count a point, and fail if it is the one."""
        self.points += 1
        if self.points - 1 == self._at:
            self.where = where
            raise self._fault()


class _Interrupted:
    def __init__(self, port: Any, interruption: Interruption) -> None:
        self._port = port
        self._interruption = interruption

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            self._interruption.pass_point(f"before {name}")
            answer = method(*args, **kwargs)
            self._interruption.pass_point(f"after {name}")
            return answer

        return call
