"""Concurrent callers."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

Result = TypeVar("Result")


def at_once(callers: int, call: Callable[[], Result]) -> list[Result]:
    """Return the results of threads that all begin at the same time."""
    barrier = Barrier(callers)

    def one() -> Result:
        barrier.wait(timeout=30)
        return call()

    with ThreadPoolExecutor(callers) as pool:
        futures = [pool.submit(one) for _ in range(callers)]
        return [future.result() for future in futures]
