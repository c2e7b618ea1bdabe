"""The lock of an embedded stack's folder: one process at a time starts, runs or resets a stack there."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class AlreadyRunning(Exception):
    """Another process runs a stack in the same folder; the message names both."""


@contextmanager
def hold_lock(directory: Path) -> Iterator[None]:
    """Hold the lock of the folder; raises AlreadyRunning."""
    with (directory / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            file = directory / "stack.json"
            where = f"see {file}" if file.exists() else "it is starting"
            raise AlreadyRunning(f"the stack already runs, as process {lock.read()}: {where}") from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield
