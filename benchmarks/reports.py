"""The reports of `make bench ONLY=…`, by name: what they print, and where docs/benchmarks.md shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain

from benchmarks import (
    baseline,
    cold_start,
    comparison,
    counted_instructions,
    first_requests,
    issued_tokens,
    warm_decisions,
)
from benchmarks.contestants import (
    FIRST_SEEN,
    FORGED,
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
from benchmarks.decision_cost import cost_figures, cost_table
from benchmarks.decision_profile import profile_table
from benchmarks.load_model import Load
from benchmarks.page import Report
from benchmarks.run import Run
from benchmarks.scale_report import scale_parts

_SEEN = (OURS, LOGGED, "fast-jwt, its cache on")
_FIRST = (FIRST_SEEN, at_baseline(OURS), NODE_AUTHORIZER, POWERTOOLS_JWT, POWERTOOLS)
_BARE = (RAW, *VERIFIERS, NODE_RAW, *(name for name in NODE_VERIFIERS if name not in _SEEN))


def warm(run: Run) -> Report:
    """Return warm decisions and refusals, beside peers."""
    measured = run.warm
    tables = [
        warm_decisions.warm_table(measured, _present(measured, names), title)
        for names, title in (
            (_SEEN, "a token that was seen before"),
            (_FIRST, "a token seen for the first time, whole authorizer"),
            (_BARE, "verification alone"),
            (_refusals(), "a token that is refused"),
        )
    ]
    notes = [f"The event that the authorizer decides has {measured.event_bytes:,} bytes."]
    if warm_decisions.node() is None:
        notes.append(
            "NOT RUN: the comparison with Node's verifiers needs Node 20 and `npm ci` in benchmarks/javascript; "
            "`make bench` does both."
        )
    return Report(warm_decisions.warm_figures(measured), "\n\n".join([*tables, *notes, profile_table(run.parts)]))


def _refusals() -> list[str]:
    names = [f"refuse: {kind}" for kind in REFUSALS]
    return [*names, f"refuse: {FORGED}"]


def _present(measured: warm_decisions.Warm, names: tuple[str, ...] | list[str]) -> Iterator[str]:
    return (name for name in names if name in measured.times["ES256"])


def instructions(run: Run) -> Report:
    """Return the instructions of a warm decision."""
    if missing := cold_start.missing_tools("valgrind"):
        return Report([], missing)
    return Report(counted_instructions.counted_figures(run.counted), counted_instructions.counted_table(run.counted))


def memo(run: Run) -> Report:
    """Return the memory of a full memo of tokens."""
    return Report(*run.memo)


def first(run: Run) -> Report:
    """Return the CPU time of a first request."""
    return Report(first_requests.first_figures(run.first), first_requests.first_table(run.first))


def cold(run: Run) -> Report:
    """Return the counts of a cold start."""
    if missing := cold_start.missing_tools():
        return Report([], missing)
    return Report(cold_start.cold_figures(run.cold), cold_start.cold_table(run.cold))


def issuer(run: Run) -> Report:
    """Return the CPU time of a warm token."""
    return Report(issued_tokens.issued_figures(run.issued), issued_tokens.issued_table(run.issued))


def price(run: Run) -> Report:
    """Return the price of a million decisions."""
    load = Load(sandboxes=1)
    return Report(cost_figures(load, run.authorizer), cost_table(load, run.authorizer))


def compare(run: Run) -> Report:
    """Return the figures that must be no worse than at the earlier commit."""
    if run.tree is None:
        return Report([], baseline.NOT_RUN)
    rows = [comparison.compared_firsts(run.first)]
    if not cold_start.missing_tools():
        assert run.cold_then is not None
        rows += [comparison.compared_counts(run.counted), comparison.compared_refusals(run.counted)]
        rows += [comparison.compared_starts(run.cold, run.cold_then)]
    rows.append(comparison.compared_revocations(run.tree))
    rows += [comparison.compared_reads(run.tree, run.reads), comparison.compared_prices(run.tree, run.warm)]
    return Report([], comparison.comparison_table(sorted(chain(*rows), key=lambda row: row.what)))


def scale(_run: Run) -> Report:
    """Return the tables of docs/scale.md."""
    return Report([], "\n\n".join(scale_parts(Load(sandboxes=1000)).values()))


REPORTS: dict[str, Callable[[Run], Report]] = {
    "warm": warm,
    "instructions": instructions,
    "memo": memo,
    "cold": cold,
    "first": first,
    "issuer": issuer,
    "reads": lambda run: Report(run.reads),
    "revocations": lambda run: Report(*run.revocations),
    "price": price,
    "compare": compare,
    "scale": scale,
}
