"""A contestant in a process of its own: it runs a batch on request, so that many take turns fairly."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple, Self

ROUNDS = 7
BATCH_SECONDS = 0.2
_WARM_UP_SECONDS = 1.0  # V8 compiles what is hot, in several stages, and CPython specializes it
_FIRST_BATCH = 20  # operations
_LARGER = 3.0


class Contestant(NamedTuple):
    """A contestant: its name, the command that starts its worker, and the worker's input as JSON.

    The worker runs in `folder`, with this environment.
    """

    name: str
    command: Sequence[str]
    material: Mapping[str, Any]
    environ: Mapping[str, str]
    folder: Path = Path()


class WorkerProcess:
    """One running worker: it reads its material, then the size of each batch, and answers with seconds of CPU."""

    def __init__(self, contestant: Contestant) -> None:
        """Start it."""
        self._name = contestant.name
        self._process = subprocess.Popen(
            contestant.command,
            env=dict(contestant.environ),
            cwd=contestant.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._tell(json.dumps(contestant.material))

    def __enter__(self) -> Self:
        """Return the worker."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let the worker end by itself: it has nothing more to read."""
        self._process.communicate()

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self._process.pid

    def batch(self, size: int) -> float:
        """Do so many operations; return seconds of CPU; raises RuntimeError if the worker has ended."""
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


class WarmWorker(WorkerProcess):
    """A worker that has warmed up, and does batches of equal size, of so many seconds each."""

    def __init__(self, contestant: Contestant, seconds: float = BATCH_SECONDS) -> None:
        """Start it, and let it warm up."""
        super().__init__(contestant)
        self._seconds = seconds
        self._size = self._warm_up()

    def round(self) -> float:
        """Do one batch; return microseconds of CPU for each operation."""
        return 1e6 * self.batch(self._size) / self._size

    def _warm_up(self) -> int:
        """Return how many operations make a batch, once it is known how long one takes."""
        spent, size = 0.0, _FIRST_BATCH
        while True:
            seconds = self.batch(size)
            spent += seconds
            if spent >= _WARM_UP_SECONDS:
                return max(1, int(size * self._seconds / seconds))
            size = max(1, int(size * min(_LARGER, BATCH_SECONDS / max(seconds, 1e-9))))


class Ratio(NamedTuple):
    """How often one contestant's time goes into another's: the median of the rounds, the least and the largest."""

    middle: float
    spread: tuple[float, float]


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> Ratio:
    """Return ours by theirs, round by round: what slows the machine down for a while slows both."""
    each = [one / other for one, other in zip(ours, theirs, strict=True)]
    return Ratio(median(each), (min(each), max(each)))
