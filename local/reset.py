"""Deletes the state of the embedded stack, for `make reset`: tables, keys, clients and users; the builds stay."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from local.emulator import STATE, settle_last_run
from local.stack_lock import hold_lock

if TYPE_CHECKING:
    from pathlib import Path

# Each names the keys or the addresses of a run.
_FILES = ("stack.json", "env.json", "aws_config", "ports.json", "sam_local.json")


def reset(directory: Path) -> bool:
    """Delete the state in `directory`, and return whether there was one; raises AlreadyRunning while a stack runs."""
    if not directory.exists():
        return False
    with hold_lock(directory):
        settle_last_run(directory)
        state = directory / STATE
        existed = state.exists()
        if existed:
            shutil.rmtree(state)
        shutil.rmtree(directory / "events", ignore_errors=True)
        for name in _FILES:
            (directory / name).unlink(missing_ok=True)
    return existed
