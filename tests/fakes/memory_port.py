"""The base of the fakes of users, sessions, interactions and credentials: counted calls, and faults on demand."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

# One lock for all fakes: a transaction goes over several of them.
_TRANSACTION = threading.RLock()


class MemoryPort:
    """Notes calls in `calls`; every call raises `fault`; `plan` sets a fault for the n-th call of a method."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.fault: Exception | None = None
        self._planned: dict[tuple[str, int, bool], BaseException] = {}

    def plan(self, method: str, fault: BaseException, *, call: int = 1, after: bool = False) -> None:
        """Raise the fault at the n-th call of the method from now on, before its effect or `after` it."""
        self._planned[method, self.calls.count(method) + call, after] = fault

    @contextmanager
    def call(self, method: str) -> Iterator[None]:
        """Note a call and let it have its effect alone; raises what was planned for it."""
        with _TRANSACTION:
            self.calls.append(method)
            number = self.calls.count(method)
            planned = self._planned.pop((method, number, False), self.fault)
            if planned is not None:
                raise planned
            yield
            late = self._planned.pop((method, number, True), None)
            if late is not None:
                raise late
