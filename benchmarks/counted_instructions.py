"""Instructions of decisions, refusals and raw verification, by callgrind in warm processes."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

from benchmarks.contestants import FIRST_SEEN, OURS, RAW, REFUSALS, at_baseline
from benchmarks.fresh_interpreter import parse_callgrind
from benchmarks.goals import Figure
from benchmarks.material import Material
from benchmarks.progress import say
from benchmarks.warm_decisions import baseline_contestant, python_contestant
from benchmarks.worker_process import Contestant, WorkerProcess

_P1B = {"ES256": (1.30, 1.20), "RS256": (1.75, 1.50)}
_WARM_UP = 300  # operations: CPython has specialized them by then
_COUNTED = 100  # operations at a time
_COUNTS = 5
Counted = dict[str, dict[str, float]]  # instructions of one operation, by algorithm and contestant


def measure(materials: list[Material], tree: Path | None) -> Counted:
    """Count every contestant; two at a time, because a count does not depend on what else the machine does."""
    tasks = [(material.algorithm, each) for material in materials for each in _contestants(material, tree)]
    counted: Counted = {material.algorithm: {} for material in materials}
    with ThreadPoolExecutor(2) as pool:
        for (algorithm, each), count in zip(tasks, pool.map(lambda task: _count(*task), tasks), strict=True):
            counted[algorithm][each.name] = count
    return counted


def _contestants(material: Material, tree: Path | None) -> Iterator[Contestant]:
    environ = {**os.environ, "PYTHONHASHSEED": "0"}
    refusals = [f"refuse: {kind}" for kind in REFUSALS] if material.algorithm == "ES256" else []
    for name in (FIRST_SEEN, OURS, RAW, *refusals):
        yield python_contestant(name, material, environ, "proved")
    if tree:
        for name in (OURS, *refusals):
            each = baseline_contestant(name, material, tree)
            yield each._replace(environ={**each.environ, "PYTHONHASHSEED": "0"})


def _count(algorithm: str, contestant: Contestant) -> float:
    """Return the median of several counts: in one of them a cache may have been renewed."""
    say(f"instructions, {algorithm}: {contestant.name}")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "callgrind.out"
        tool = ("valgrind", "-q", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={out}")
        with WorkerProcess(contestant._replace(command=(*tool, *contestant.command))) as worker:
            worker.batch(_WARM_UP)
            _command(worker.pid, "--instr=on")
            for _ in range(_COUNTS):
                worker.batch(_COUNTED)
                _command(worker.pid, "--dump")
            _command(worker.pid, "--instr=off")
        dumps = [parse_callgrind(Path(f"{out}.{number + 1}").read_text()) for number in range(_COUNTS)]
        return median(dumps) / _COUNTED


def _command(pid: int, option: str) -> None:
    """Send callgrind a command for a process that waits for its next batch."""
    command = ["callgrind_control", option, str(pid)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def counted_figures(counted: Counted) -> list[Figure]:
    """Return the ratio of instructions for each algorithm."""
    return [
        Figure(
            "P1b",
            f"warm decision, first-seen token, in instructions by raw verify, {algorithm}",
            "×",
            *goals,
            counted[algorithm][FIRST_SEEN] / counted[algorithm][RAW],
        )
        for algorithm, goals in _P1B.items()
    ]


def counted_table(counted: Counted) -> str:
    """Return thousands of instructions of one operation and the ratio to raw verification, in Markdown."""
    head = " | ".join(f"{algorithm}, {unit}" for algorithm in counted for unit in ("thousands", "× raw"))
    lines = [f"| instructions of one operation | {head} |", "|---|" + "---|" * 2 * len(counted)]
    for name in (RAW, FIRST_SEEN, OURS, at_baseline(OURS)):
        cells = [_cells(by_name.get(name), by_name[RAW]) for by_name in counted.values()]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cells(count: float | None, raw: float) -> str:
    return "– | –" if count is None else f"{count / 1000:,.0f} | {count / raw:.3f}"
