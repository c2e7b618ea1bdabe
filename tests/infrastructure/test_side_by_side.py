"""`make test` runs its two parts at once, and a reader sees which one failed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def start(*parts: str) -> subprocess.Popen[str]:
    """Start the commands as the Makefile does."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.side_by_side", *parts], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )


def shell(script: str) -> str:
    """Return the script as one command."""
    return f'bash -c "{script}"'


def test_the_parts_run_at_once_and_each_line_has_its_part(tmp_path: Path) -> None:
    """A part that waits for the other one ends, and each line begins with the name of its part."""
    os.mkfifo(tmp_path / "pipe")
    run = start(f"fast={shell(f'echo x >{tmp_path}/pipe')}", f"stack={shell(f'cat {tmp_path}/pipe')}")
    assert run.communicate()[0] == "stack | x\n"
    assert run.returncode == 0


@pytest.mark.parametrize(
    ("fast", "stack", "code"), [("exit 3", "exit 0", 3), ("exit 0", "exit 4", 4), ("exit 3", "exit 4", 3)]
)
def test_one_failed_part_fails_the_run(fast: str, stack: str, code: int) -> None:
    """The exit code is that of a failed part, which the last lines name."""
    run = start(f"fast={shell(fast)}", f"stack={shell(stack)}")
    lines = run.communicate()[0].splitlines()
    failed = [name for name, script in (("fast", fast), ("stack", stack)) if script != "exit 0"]
    assert [line.partition(" ")[0] for line in lines] == failed
    assert run.returncode == code


@pytest.mark.parametrize(
    "line",
    [
        "FAILED tests/a.py::b - assert 1 == 2",
        "ERROR tests/a.py",
        "FAIL Required test coverage of 100% not reached. Total coverage: 99.00%",
        "=== 1 failed, 2 passed in 3.00s ===",
        "NOT RUN: browser needs Chromium",
        "make[1]: *** [Makefile:1: coverage] Error 1",
    ],
)
def test_a_failure_is_repeated_at_the_end(line: str) -> None:
    """A line on a failure, or on what did not run, comes again after the output of all parts."""
    run = start(f"fast={shell(f'echo {line!r}; echo more; exit 1')}", f"stack={shell('exit 0')}")
    assert run.communicate()[0].splitlines()[:3] == [f"fast  | {line}", "fast  | more", f"fast  | {line}"]


# Blocks the signal before it says that it is ready: no later time is too early for it.
UNTIL_INTERRUPTED = """
import signal
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
print("ready", flush=True)
signal.sigwait([signal.SIGINT])
print("cleaned up")
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_interrupts_each_process_of_both_parts(tmp_path: Path, number: signal.Signals) -> None:
    """Ctrl-C and a termination reach both parts as an interrupt, and what they say of their end is shown."""
    (tmp_path / "tests.py").write_text(UNTIL_INTERRUPTED)
    script = shell(f"trap : INT; {sys.executable} {tmp_path}/tests.py; exit 1")  # as make waits for pytest
    run = start(f"fast={script}", f"stack={script}")
    assert run.stdout is not None
    ready = {run.stdout.readline(), run.stdout.readline()}
    assert ready == {"fast  | ready\n", "stack | ready\n"}
    run.send_signal(number)
    output = run.communicate()[0]
    assert {"fast  | cleaned up", "stack | cleaned up"} <= set(output.splitlines())
    assert run.returncode == 130
