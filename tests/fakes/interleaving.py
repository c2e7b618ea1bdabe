"""A concurrent action in the middle of a request: between two calls of its ports."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Interleaving:
    """Runs an action once, before the n-th call of all the ports that it wraps; `calls` counts them.

    Calls of the action itself do not count. Nothing counts before `arm`.
    """

    def __init__(self) -> None:
        self.calls = 0
        self._at = -1
        self._action: Callable[[], object] | None = None
        self._is_armed = False

    def arm(self, at: int, action: Callable[[], object]) -> None:
        """Run the action before call `at`, the first being 0."""
        self.calls, self._at, self._action, self._is_armed = 0, at, action, True

    def run_late(self) -> None:
        """Run the action now if its call never came, and stop."""
        self._run()
        self._is_armed = False

    def wrap(self, port: Any) -> Any:
        """Return the port with each of its calls counted."""
        return _Interleaved(port, self)

    def before_call(self) -> None:
        """Count a call, and run the action if it is the one."""
        if not self._is_armed:
            return
        self.calls += 1
        if self.calls - 1 == self._at:
            self._run()

    def _run(self) -> None:
        action, self._action = self._action, None
        if action is not None:
            self._is_armed = False
            action()
            self._is_armed = True


class _Interleaved:
    def __init__(self, port: Any, interleaving: Interleaving) -> None:
        self._port = port
        self._interleaving = interleaving

    def __getattr__(self, name: str) -> Any:
        member = getattr(self._port, name)
        if not callable(member):
            return member

        def call(*args: Any, **kwargs: Any) -> Any:
            self._interleaving.before_call()
            return member(*args, **kwargs)

        return call
