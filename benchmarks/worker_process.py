"""A contestant in a process of its own: it runs a batch on request, so that many take turns fairly."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any, NamedTuple, Self

ROUNDS = 7
BATCH_SECONDS = 0.2
_WARM_UP_SECONDS = 1.0  # V8 compiles what is hot, in several stages, and CPython specializes it
_WARM_UP = 200  # operations at a time


class Contestant(NamedTuple):
    """A contestant: its name, the command that starts its worker, and the worker's input as JSON."""

    name: str
    command: Sequence[str]
    material: Mapping[str, Any]
    environ: Mapping[str, str]


class WorkerProcess:
    """One running worker: it reads its material, then the size of each batch, and answers with seconds of CPU."""

    def __init__(self, contestant: Contestant) -> None:
        """Start it, and let it warm up."""
        self._name = contestant.name
        self._process = subprocess.Popen(
            contestant.command,
            env=dict(contestant.environ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._tell(json.dumps(contestant.material))
        self._size = self._warm_up()

    def __enter__(self) -> Self:
        """Return the worker."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let the worker end by itself: it has nothing more to read."""
        self._process.communicate()

    def round(self) -> float:
        """Do one batch; return microseconds of CPU for each operation."""
        return 1e6 * self._batch(self._size) / self._size

    def _warm_up(self) -> int:
        """Return how many operations make a batch, once it is known how long one takes."""
        spent, seconds = 0.0, BATCH_SECONDS
        while spent < _WARM_UP_SECONDS:
            seconds = self._batch(_WARM_UP)
            spent += seconds
        return max(1, int(_WARM_UP * BATCH_SECONDS / seconds))

    def _batch(self, size: int) -> float:
        self._tell(str(size))
        assert self._process.stdout is not None
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"the worker of {self._name} ended")
        return float(answer)

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()


class Ratio(NamedTuple):
    """How often one contestant's time goes into another's: the median of the rounds, the least and the largest."""

    middle: float
    spread: tuple[float, float]


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> Ratio:
    """Return ours by theirs, round by round: what slows the machine down for a while slows both."""
    each = [one / other for one, other in zip(ours, theirs, strict=True)]
    return Ratio(median(each), (min(each), max(each)))
