"""The handling of the last run at a start."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from typing import TYPE_CHECKING

from local.emulator import StateFound, settle_last_run

if TYPE_CHECKING:
    from pathlib import Path

# Like the emulator, it holds the lock of the inherited marker for its whole life.
HOLD_UNTIL_SIGTERM = "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit(0)); signal.pause()"


def leave_state(directory: Path) -> Path:
    (directory / "state").mkdir()
    return directory / "state"


def test_the_first_start_finds_nothing(tmp_path: Path) -> None:
    """An empty folder has no state."""
    assert settle_last_run(tmp_path) is StateFound.NONE


def test_a_graceful_stop_leaves_state_to_keep(tmp_path: Path) -> None:
    """State without a marker is that of a graceful stop, and stays."""
    state = leave_state(tmp_path)

    assert settle_last_run(tmp_path) is StateFound.KEPT
    assert state.exists()


def test_a_killed_emulator_leaves_nothing_to_trust(tmp_path: Path) -> None:
    """A marker without a lock is a killed run: its state is dropped, and the next start is a first one."""
    state = leave_state(tmp_path)
    (tmp_path / "running").write_text("4711")

    assert settle_last_run(tmp_path) is StateFound.LOST
    assert not state.exists()
    assert settle_last_run(tmp_path) is StateFound.NONE


def test_an_emulator_left_behind_is_stopped_gracefully(tmp_path: Path) -> None:
    """An emulator that outlived its parent receives SIGTERM, and its saved state is kept."""
    state = leave_state(tmp_path)
    with (tmp_path / "running").open("w") as marker:
        fcntl.flock(marker, fcntl.LOCK_EX)
        left_behind = subprocess.Popen([sys.executable, "-c", HOLD_UNTIL_SIGTERM], pass_fds=[marker.fileno()])
        marker.write(str(left_behind.pid))

    assert settle_last_run(tmp_path) is StateFound.LEFT_BEHIND
    assert left_behind.wait(10) in {0, -15}
    assert state.exists()
    assert settle_last_run(tmp_path) is StateFound.KEPT
