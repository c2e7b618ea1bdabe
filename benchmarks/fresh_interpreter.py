"""A fresh interpreter with Lambda's folders on its path, alone or under a tool that watches it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

_TIMEOUT = 600  # seconds: valgrind is some fifty times slower
_OPENED = re.compile(r'open(?:at)?\([^"]*"[^"]*"[^)]*\) = \d')
_TOTAL = re.compile(r"^totals: (\d+)", re.MULTILINE)


class Fresh(NamedTuple):
    """A process to start: the folders for sys.path, the material's file, and the environment of a function."""

    path: Sequence[Path]
    material: Path
    environ: Mapping[str, str]

    def command(self, step: str, call: str = "run") -> list[str]:
        """Return the command of a step, without site and user's folder, and with the same hashes at each start."""
        folders = [str(folder) for folder in self.path]
        steps = f"import cold_steps; cold_steps.{call}({step!r}, {str(self.material)!r})"
        code = f"import sys; sys.path[:0] = {folders}; {steps}"
        return [sys._base_executable, "-S", "-s", "-P", "-c", code]  # type: ignore[attr-defined]

    def run(self, command: Sequence[str]) -> str:
        """Return what the command prints; raises CalledProcessError."""
        completed = subprocess.run(
            command,
            env={**self.environ, "PYTHONHASHSEED": "0"},
            check=True,
            stdout=subprocess.PIPE,
            text=True,
            timeout=_TIMEOUT,
        )
        return completed.stdout


class Observed(NamedTuple):
    """Resident memory in bytes after the step, and how many sources were compiled on the way."""

    resident: int
    compiled: int


def observed(fresh: Fresh, step: str) -> Observed:
    """Run the step alone."""
    last = fresh.run(fresh.command(step, "observe")).splitlines()[-1]
    return Observed(**json.loads(last))


class Spent(NamedTuple):
    """Seconds of CPU of one process: during init, which Lambda does before the first event, and in the handler."""

    init: float
    handler: float


def spent(fresh: Fresh, step: str) -> Spent:
    """Run the step alone; it is one that answers an event."""
    last = fresh.run(fresh.command(step, "spend")).splitlines()[-1]
    return Spent(**json.loads(last))


def instructions(fresh: Fresh, step: str) -> int:
    """Return the instructions of the whole process under callgrind, all threads added."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "callgrind.out"
        tool = ["valgrind", "--quiet", "--tool=callgrind", f"--callgrind-out-file={out}"]
        fresh.run([*tool, *fresh.command(step)])
        return parse_callgrind(out.read_text())


def parse_callgrind(text: str) -> int:
    """Return the instructions that a callgrind.out file counts; raises ValueError for a file without a count."""
    found = _TOTAL.search(text)
    if found is None:
        raise ValueError("callgrind counted nothing")
    return int(found[1])


def files_opened(fresh: Fresh, step: str) -> int:
    """Return how many files the process opened with success, by strace."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "strace.out"
        fresh.run(["strace", "-f", "-qq", "-e", "trace=open,openat", "-o", str(out), *fresh.command(step)])
        return count_opened(out.read_text())


def count_opened(text: str) -> int:
    """Return how many calls in strace's lines opened a file."""
    return len(_OPENED.findall(text))
