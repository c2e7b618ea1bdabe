"""Several commands at once, such as the parts of `make test`: each line has its part's name, and failures come last."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from threading import Thread
from typing import NamedTuple

# The lines of pytest and of the Makefile that a reader of the end needs to see.
_REPEATED = re.compile(
    r"FAILED |ERROR |FAIL |NOT RUN|make(\[\d+\])?: \*\*\*|=+ .* in [\d.]+s.* =+$|\d+ (passed|failed)\b"
)
_INTERRUPTED = 128 + signal.SIGINT


class Part(NamedTuple):
    """A command and the name of its lines."""

    name: str
    command: tuple[str, ...]


class Run:
    """A command that runs in a process group of its own; its lines appear as they come."""

    def __init__(self, part: Part, width: int) -> None:
        self._label = part.name.ljust(width)
        self.repeated: list[str] = []
        # Not a session of its own: Linux would then compare the priorities of whole sessions.
        self._process = subprocess.Popen(
            part.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            process_group=0,
        )
        self._reader = Thread(target=self._read)
        self._reader.start()

    def interrupt(self) -> None:
        """Send the whole group what Ctrl-C sends."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGINT)

    def wait(self) -> int:
        """Return the exit code, after the last line."""
        self._reader.join()
        return self._process.wait()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            shown = f"{self._label} | {line.rstrip()}"
            # One write a line: print writes the line break apart, and the line of another part may come between.
            sys.stdout.write(f"{shown}\n")
            sys.stdout.flush()
            if _REPEATED.match(line):
                self.repeated.append(shown)


def run(parts: Sequence[Part]) -> int:
    """Run all parts to their end, and return the exit code of the first that failed, or 0."""
    width = max(len(part.name) for part in parts)
    runs: list[Run] = []
    interrupted = False

    def interrupt(*_signal: object) -> None:
        nonlocal interrupted
        interrupted = True
        for each in runs:
            each.interrupt()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    runs += [Run(part, width) for part in parts]
    codes = [each.wait() for each in runs]
    for line in (line for each in runs for line in each.repeated):
        print(line)
    for part, code in zip(parts, codes, strict=True):
        if code:
            print(f"{part.name} failed: {shlex.join(part.command)}")
    return _INTERRUPTED if interrupted else next(filter(None, codes), 0)


def main(arguments: list[str]) -> int:
    """Run each NAME=COMMAND of the arguments, and return the exit code."""
    named = [argument.partition("=") for argument in arguments]
    return run([Part(name, tuple(shlex.split(command))) for name, _, command in named])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
