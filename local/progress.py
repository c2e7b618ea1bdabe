"""What a person sees of a start: one line a step, with its result and its time."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from keyturn_cli.output import escape_lines

if TYPE_CHECKING:
    from collections.abc import Iterator


class Step:
    """A step that is being done; `result` is what its line ends with."""

    def __init__(self) -> None:
        self.result = "done"


class Progress:
    """Prints to the stream, or nowhere for None."""

    def __init__(self, stream: TextIO | None = sys.stdout) -> None:
        self._stream = stream

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Print the step's name, and its result and time once it is done."""
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
            # Builds, answers and AWS errors are foreign text, and a terminal obeys control characters.
            print(escape_lines(text), end=end, file=self._stream, flush=True)
