"""Counters of client requests, in memory."""

from __future__ import annotations

import math
from collections.abc import Callable
from threading import Lock


class MemoryRates:
    """Counters in memory; every call raises `fault` if it is set; `taken` counts by client, endpoint and minute."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._lock = Lock()
        self.fault: Exception | None = None
        self.taken: dict[tuple[str, str, int], int] = {}

    def take(self, client_id: str, endpoint: str, rate: int) -> int:
        """Count one more; return 0 if it is within the rate, else the seconds until the next minute."""
        if self.fault is not None:
            raise self.fault
        now = self._now()
        minute = math.floor(now / 60)
        with self._lock:
            taken = self.taken.get((client_id, endpoint, minute), 0)
            if taken >= rate:
                return math.ceil(60 * (minute + 1) - now)
            self.taken[client_id, endpoint, minute] = taken + 1
            return 0
