"""Used client assertions in memory."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock


class MemoryAssertions:
    """Used assertions in memory, each with its end in seconds; every call raises `fault` if it is set."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._lock = Lock()
        self.fault: Exception | None = None
        self.used: dict[tuple[str, str], int] = {}

    def use(self, client_id: str, jti: str, expires_at: int) -> bool:
        """Note an assertion until it expires; return False if it was used before."""
        if self.fault is not None:
            raise self.fault
        with self._lock:
            if self.used.get((client_id, jti), 0) > self._now():
                return False
            self.used[client_id, jti] = expires_at
            return True
