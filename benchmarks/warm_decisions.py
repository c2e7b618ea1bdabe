"""Warm decisions and refusals beside peers, in processes that take turns; times are CPU time, goals are ratios."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks import baseline
from benchmarks.contestants import (
    FIRST_SEEN,
    FORGED,
    IN_NODE,
    LOGGED,
    NODE_AUTHORIZER,
    NODE_RAW,
    NODE_VERIFIERS,
    OURS,
    POWERTOOLS,
    POWERTOOLS_JWT,
    RAW,
    REFUSALS,
    VERIFIERS,
    at_baseline,
)
from benchmarks.goals import Figure
from benchmarks.local_aws import local_aws
from benchmarks.material import Material
from benchmarks.progress import say
from benchmarks.worker_process import BATCH_SECONDS, ROUNDS, Contestant, WarmWorker, ratio

_WORKER = Path(__file__).parent / "javascript" / "worker.mjs"
_P1A = {"ES256": (0.25, 0.15), "RS256": (0.80, 0.50)}
_P2 = {"fast-jwt": (0.25, 0.15), "aws-jwt-verify": (0.25, 0.15)}
_P3 = (0.04, 0.03)
# The speed of a shared machine may double within seconds. A round has short turns, in which all meet the same speeds;
# its median leaves out the turns that another program disturbed.
_TURNS = 8
# The fields that the baseline's workers read.
_BASELINE_FIELDS = ("algorithm", "issuer", "audience", "jwk", "ring", "token", "unknown", "event")


class Warm(NamedTuple):
    """Microseconds of CPU for one operation in each round, by algorithm and contestant, and how large the event is."""

    times: dict[str, dict[str, list[float]]]
    event_bytes: int


def node() -> str | None:
    """Return the Node that the Makefile chose, or the machine's own; None where its packages are not installed."""
    found = os.environ.get("KEYTURN_NODE") or shutil.which("node")
    return found if found and (_WORKER.parent / "node_modules").is_dir() else None


def measure(materials: Iterable[Material], tree: Path | None) -> Warm:
    """Let all contestants take turns, algorithm by algorithm; `tree` is the checkout of the baseline."""
    materials = list(materials)
    times = {material.algorithm: _interleaved(material, tree) for material in materials}
    return Warm(times, len(json.dumps(materials[0].event, separators=(",", ":"))))


def python_contestant(name: str, material: Material, environ: dict[str, str], *options: str) -> Contestant:
    """Return a contestant of `warm_worker`."""
    return Contestant(
        name, (sys.executable, "-m", "benchmarks.warm_worker", name, *options), material._asdict(), environ
    )


def baseline_contestant(name: str, material: Material, tree: Path) -> Contestant:
    """Return the same contestant as the baseline's own checkout has it."""
    given = {field: getattr(material, field) for field in _BASELINE_FIELDS}
    command = (sys.executable, "-m", "benchmarks.warm_worker", name)
    return Contestant(at_baseline(name), command, given, baseline.environment(tree), tree)


def _contestants(material: Material, environ: dict[str, str], tree: Path | None) -> Iterator[Contestant]:
    refusals = [f"refuse: {kind}" for kind in REFUSALS] if material.algorithm == "ES256" else []
    forged = [f"refuse: {FORGED}"] if refusals else []
    for name in (OURS, FIRST_SEEN, LOGGED, RAW, *VERIFIERS, POWERTOOLS, POWERTOOLS_JWT, *refusals, *forged):
        yield python_contestant(name, material, environ)
    if tree:
        yield baseline_contestant(OURS, material, tree)
    runtime = node()
    for name in (NODE_RAW, *NODE_VERIFIERS, NODE_AUTHORIZER) if runtime else ():
        yield Contestant(name, (str(runtime), str(_WORKER), name), material._asdict(), environ)


def _interleaved(material: Material, tree: Path | None) -> dict[str, list[float]]:
    with ExitStack() as stack:
        environ = dict(os.environ) | stack.enter_context(local_aws(material))
        workers = {}
        for each in _contestants(material, environ, tree):
            say(f"warm, {material.algorithm}: {each.name} warms up")
            workers[each.name] = stack.enter_context(WarmWorker(each, BATCH_SECONDS / _TURNS))
        times: dict[str, list[float]] = {name: [] for name in workers}
        for number in range(ROUNDS):
            say(f"warm, {material.algorithm}: round {number + 1} of {ROUNDS}")
            turns = [{name: worker.round() for name, worker in workers.items()} for _ in range(_TURNS)]
            for name, spent in times.items():
                spent.append(median(turn[name] for turn in turns))
    return times


def warm_figures(warm: Warm) -> list[Figure]:
    """Return the ratios of decisions and of refusals, and those to Node's verifiers if Node is there."""
    elliptic = warm.times["ES256"]
    figures = []
    for algorithm, goals in _P1A.items():
        times = warm.times[algorithm]
        what = f"warm decision, repeated token, by raw verify, {algorithm}"
        figures.append(Figure("P1a", what, "×", *goals, *ratio(times[OURS], times[RAW])))
    for peer, goals in _P2.items():
        if peer in elliptic:
            what = f"warm decision, repeated token, by bare verify of {peer}, ES256"
            figures.append(Figure("P2", what, "×", *goals, *ratio(elliptic[OURS], elliptic[peer])))
    for kind in REFUSALS:
        what = f"refusal by raw verify, {kind}"
        figures.append(Figure("P3", what, "×", *_P3, *ratio(elliptic[f"refuse: {kind}"], elliptic[RAW])))
    return figures


def warm_table(warm: Warm, names: Iterable[str], title: str) -> str:
    """Return µs of CPU and the ratio to the same runtime's raw verification, by contestant, in Markdown."""
    head = [f"{algorithm}, {unit}" for algorithm in warm.times for unit in ("µs", "× raw")]
    lines = [f"| {title} | {' | '.join(head)} |", "|---|" + "---|" * len(head)]
    for name in names:
        cells = [cell for times in warm.times.values() for cell in _cells(name, times)]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def raw_of(name: str) -> str:
    """Return the contestant that is the measure of this one: the same runtime's own verification."""
    return NODE_RAW if name in IN_NODE else RAW


def _cells(name: str, times: dict[str, list[float]]) -> tuple[str, str]:
    if name not in times:
        return "–", "–"
    by_raw = ratio(times[name], times[raw_of(name)])
    shown = [f"{value:.2f}" if value >= 1 else f"{value:.3f}" for value in (by_raw.middle, *by_raw.spread)]
    spent = median(times[name])
    return f"{spent:,.0f}" if spent >= 1000 else f"{spent:.3g}", f"{shown[0]} ({shown[1]} to {shown[2]})"
