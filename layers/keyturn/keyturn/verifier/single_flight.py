"""Calls in threads of their own, at most one for each key at a time: a caller can stop waiting, even for the DNS."""

from __future__ import annotations

import os
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

Result = TypeVar("Result")


class SingleFlight(Generic[Result]):
    """Runs at most `limit` calls at a time; the future of a call has None if the call raised an exception."""

    __slots__ = ("_calls", "_limit", "_lock", "_process")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._forget()

    def running(self, key: Hashable) -> Future[Result | None] | None:
        """Return the running call of this key, or None."""
        self._check_process()
        return self._calls.get(key)

    def start(
        self, key: Hashable, call: Callable[[], Result], *, is_due: Callable[[], bool] = lambda: True
    ) -> Future[Result | None] | None:
        """Return the running call of this key, or start one; None if it is not due, or if too many run.

        `is_due` is asked under the lock, so that of many threads one starts the call.
        """
        self._check_process()
        with self._lock:
            running = self._calls.get(key)
            if running is not None or len(self._calls) >= self._limit or not is_due():
                return running
            future: Future[Result | None] = Future()
            future.set_running_or_notify_cancel()  # a waiter that gives up cannot cancel the call of the others
            try:
                threading.Thread(target=self._run, args=(key, call, future), name="keyturn", daemon=True).start()
            except RuntimeError:  # the machine has no thread left
                return None
            self._calls[key] = future
            return future

    def _run(self, key: Hashable, call: Callable[[], Result], future: Future[Result | None]) -> None:
        result = None
        try:
            result = call()
        finally:
            with self._lock:
                self._calls.pop(key, None)
            future.set_result(result)

    def _check_process(self) -> None:
        """Forget the calls of the parent process: a fork copies them, and not their threads."""
        if os.getpid() != self._process:
            self._forget()

    def _forget(self) -> None:
        self._lock = threading.Lock()
        self._calls: dict[Hashable, Future[Result | None]] = {}
        self._process = os.getpid()
