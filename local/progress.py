"""The lines that a person sees at a start: one for each step, with its result and its time."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from keyturn_cli.output import escape_lines

if TYPE_CHECKING:
    from collections.abc import Iterator


class Step:
    """A step in progress; `result` is the end of its line."""

    def __init__(self) -> None:
        self.result = "done"


class Progress:
    """Prints to the stream; None prints nothing."""

    def __init__(self, stream: TextIO | None = sys.stdout) -> None:
        self._stream = stream

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Print the step's name, then its result and time at its end."""
        started = time.monotonic()
        step = Step()
        self._print(f"  {name:<10} ", end="")
        try:
            yield step
        except BaseException:
            self._print("failed")
            raise
        self._print(f"{step.result}  ({time.monotonic() - started:.1f} s)")

    def line(self, text: str = "") -> None:
        """Print one line."""
        self._print(text)

    def _print(self, text: str, end: str = "\n") -> None:
        if self._stream is not None:
            # The text of builds, answers and AWS errors may hold control characters, which a terminal obeys.
            print(escape_lines(text), end=end, file=self._stream, flush=True)
