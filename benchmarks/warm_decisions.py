"""P1, P2 and P3: warm, beside peers, in processes that take turns; times are CPU time, goals are ratios."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.goals import Figure
from benchmarks.local_dynamodb import local_dynamodb
from benchmarks.material import Material, material_of
from benchmarks.worker_process import ROUNDS, Contestant, WorkerProcess, ratio

LOGGED = "keyturn, a line for each"
RAW, OURS, POWERTOOLS, NODE_RAW = "cryptography", "keyturn", "PyJWT + boto3 + Powertools", "node:crypto"
VERIFIERS = ("keyturn.jose", "PyJWT", "PyJWT + PyJWKClient", "joserfc", "authlib", "python-jose")
NODE_VERIFIERS = ("fast-jwt", "aws-jwt-verify", "jsonwebtoken", "jose")
REFUSALS = ("malformed", "oversized", "unknown kid", "unknown kid, ever new header")
_WORKER = Path(__file__).parent / "javascript" / "worker.mjs"
_P1 = {"ES256": (1.45, 1.25), "RS256": (1.9, 1.6)}
_P2 = {"fast-jwt": (1.1, 1.0), "aws-jwt-verify": (1.0, 0.9)}
_P3 = (0.04, 0.03)


class Warm(NamedTuple):
    """Microseconds of CPU for one operation in each round, by algorithm and contestant, and how large the event is."""

    times: dict[str, dict[str, list[float]]]
    event_bytes: int


def node() -> str | None:
    """Return the Node that the Makefile chose, or the machine's own; None where its packages are not installed."""
    found = os.environ.get("KEYTURN_NODE") or shutil.which("node")
    return found if found and (_WORKER.parent / "node_modules").is_dir() else None


def measure(now: int) -> Warm:
    """Let all contestants take turns, algorithm by algorithm."""
    materials = [material_of(algorithm, now) for algorithm in _P1]
    times = {material.algorithm: _interleaved(material) for material in materials}
    return Warm(times, len(json.dumps(materials[0].event, separators=(",", ":"))))


def _contestants(material: Material, environ: dict[str, str]) -> Iterable[Contestant]:
    given = material._asdict()
    names = [OURS, LOGGED, RAW, *VERIFIERS, POWERTOOLS]
    if material.algorithm == "ES256":
        names += [f"refuse: {kind}" for kind in REFUSALS]
    for name in names:
        yield Contestant(name, (sys.executable, "-m", "benchmarks.warm_worker", name), given, environ)
    runtime = node()
    for name in (NODE_RAW, *NODE_VERIFIERS) if runtime else ():
        yield Contestant(name, (str(runtime), str(_WORKER), name), given, environ)


def _interleaved(material: Material) -> dict[str, list[float]]:
    with ExitStack() as stack:
        environ = dict(os.environ) | stack.enter_context(local_dynamodb(material))
        contestants = list(_contestants(material, environ))
        workers = {each.name: stack.enter_context(WorkerProcess(each)) for each in contestants}
        times: dict[str, list[float]] = {name: [] for name in workers}
        for _ in range(ROUNDS):
            for name, worker in workers.items():
                times[name].append(worker.round())
    return times


def warm_figures(warm: Warm) -> list[Figure]:
    """Return P1, P2 where Node is there, and P3."""
    elliptic = warm.times["ES256"]
    figures = []
    for algorithm, goals in _P1.items():
        times = warm.times[algorithm]
        what = f"warm decision by raw verify, {algorithm}"
        figures.append(Figure("P1", what, "×", *goals, *ratio(times[OURS], times[RAW])))
    for peer, goals in _P2.items():
        if peer in elliptic:
            what = f"warm decision by bare verify of {peer}, ES256"
            figures.append(Figure("P2", what, "×", *goals, *ratio(elliptic[OURS], elliptic[peer])))
    for kind in REFUSALS:
        what = f"refusal by raw verify, {kind}"
        figures.append(Figure("P3", what, "×", *_P3, *ratio(elliptic[f"refuse: {kind}"], elliptic[RAW])))
    return figures


def warm_table(warm: Warm) -> str:
    """Return µs of CPU and the ratio to the same runtime's raw verification, by contestant, in Markdown."""
    head = [f"{algorithm}, {unit}" for algorithm in warm.times for unit in ("µs", "× raw")]
    lines = [f"| warm, one token | {' | '.join(head)} |", "|---|" + "---|" * len(head)]
    for name in warm.times["ES256"]:
        cells = [cell for times in warm.times.values() for cell in _cells(name, times)]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def raw_of(name: str) -> str:
    """Return the contestant that is the measure of this one: the same runtime's own verification."""
    return NODE_RAW if name in (NODE_RAW, *NODE_VERIFIERS) else RAW


def _cells(name: str, times: dict[str, list[float]]) -> tuple[str, str]:
    if name not in times:
        return "–", "–"
    by_raw = ratio(times[name], times[raw_of(name)])
    shown = [f"{value:.2f}" if value >= 1 else f"{value:.3f}" for value in (by_raw.middle, *by_raw.spread)]
    spent = median(times[name])
    return f"{spent:,.0f}" if spent >= 1000 else f"{spent:.3g}", f"{shown[0]} ({shown[1]} to {shown[2]})"
