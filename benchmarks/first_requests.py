"""CPU of a sandbox's first request, init and handler apart, in fresh processes, beside raw verification."""

from __future__ import annotations

import os
from statistics import median

from benchmarks.cold_start import OUR_ISSUER, OURS, Place
from benchmarks.contestants import RAW, at_baseline
from benchmarks.fresh_interpreter import Spent, spent
from benchmarks.goals import Figure
from benchmarks.material import Material
from benchmarks.progress import say
from benchmarks.warm_decisions import python_contestant
from benchmarks.worker_process import ROUNDS, WarmWorker, ratio

TITLES = {
    OURS: "keyturn: first decision",
    "boto3_decision": "PyJWT + boto3: first decision",
    "powertools_decision": "PyJWT + boto3 + Powertools: first decision",
    OUR_ISSUER: "keyturn: first token",
    "boto3_token": "PyJWT + boto3: first token",
}
_HERE = tuple(TITLES)
_THERE = (OURS, OUR_ISSUER)


class FirstRequests:
    """Microseconds of CPU in each round: of raw verification, and of each first request's init and handler."""

    def __init__(self) -> None:
        self.raw: list[float] = []
        self.init: dict[str, list[float]] = {}
        self.handler: dict[str, list[float]] = {}

    def add(self, step: str, seconds: Spent) -> None:
        """Add what a process spent in one round."""
        self.init.setdefault(step, []).append(1e6 * seconds.init)
        self.handler.setdefault(step, []).append(1e6 * seconds.handler)


def measure(material: Material, here: Place, there: Place | None) -> FirstRequests:
    """Start every process once in each round; `there` is the baseline."""
    first = FirstRequests()
    with WarmWorker(python_contestant(RAW, material, dict(os.environ), "proved")) as raw:
        for number in range(ROUNDS):
            say(f"first requests: round {number + 1} of {ROUNDS}")
            first.raw.append(raw.round())
            for step in _HERE:
                first.add(step, spent(here.fresh(step), step))
            for step in _THERE if there else ():
                assert there is not None
                first.add(at_baseline(step), spent(there.fresh(step), step))
    return first


def first_figures(first: FirstRequests) -> list[Figure]:
    """Return CPU time of the first decision by that of raw verification."""
    by_raw = ratio(first.handler[OURS], first.raw)
    return [Figure("P5b", "CPU in the handler at the first decision, by raw ES256 verify", "×", 45, 30, *by_raw)]


def first_table(first: FirstRequests) -> str:
    """Return milliseconds of CPU in init and in the handler, in Markdown."""
    lines = ["| first request of a sandbox, CPU | init, ms | handler, ms | handler, × raw ES256 |", "|---|---|---|---|"]
    for step in first.handler:
        lines.append(f"| {_title(step)} | {_row(first.init[step], first.handler[step], first.raw)} |")
    return "\n".join(lines)


def _title(step: str) -> str:
    return TITLES.get(step) or next(at_baseline(TITLES[each]) for each in _THERE if at_baseline(each) == step)


def _row(init: list[float], handler: list[float], raw: list[float]) -> str:
    by_raw = ratio(handler, raw)
    spread = f"{by_raw.spread[0]:,.0f} to {by_raw.spread[1]:,.0f}"
    return f"{median(init) / 1000:,.0f} | {median(handler) / 1000:,.1f} | {by_raw.middle:,.0f} ({spread})"
