"""Figures that must be no worse than at the commit that the goals compare with, from the same run."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks import baseline
from benchmarks.cold_start import OUR_ISSUER, OURS, Cold
from benchmarks.contestants import FIRST_SEEN, REFUSALS, at_baseline
from benchmarks.contestants import OURS as WARM
from benchmarks.counted_instructions import Counted
from benchmarks.decision_cost import GATES, Authorizer, decision_cost, memory_mb
from benchmarks.first_requests import FirstRequests
from benchmarks.goals import Figure
from benchmarks.load_model import Load
from benchmarks.progress import say
from benchmarks.warm_decisions import Warm
from benchmarks.worker_process import ratio

ROOT = Path(__file__).parents[1]
# The share that a figure may grow by: counts repeat, while times depend on what else the machine does.
COUNT, TIME = 0.02, 0.10
_READS = """
import json
from benchmarks.counted_reads import counted_reads
print(json.dumps(counted_reads()))
"""
_LINE_AND_TARGETS = """
from benchmarks.load_model import Load
from keyturn.observability import log_event
from tests.fakes.token_factory import good_claims
log_event("INFO", "allowed", api="http_2.0", jti=good_claims()["jti"])
print(Load(sandboxes=1).targets)
"""
_REVOCATIONS = """
import json
from benchmarks.live_revocations import live_revocations
print(json.dumps(live_revocations()[0]))
"""
_TURNS = 5


class Compared(NamedTuple):
    """One figure then and now; `growth` is now by then, and the share that it may grow by."""

    what: str
    then: str
    now: str
    growth: float
    tolerance: float

    @property
    def verdict(self) -> str:
        """Return whether the figure is no worse."""
        return "no worse" if self.growth <= 1 + self.tolerance else "WORSE"


def compared_counts(counted: Counted) -> list[Compared]:
    """Return instructions of a first-seen token, for each algorithm."""
    return [
        _compared(f"P1b: first-seen token, {algorithm}, instructions", each[at_baseline(WARM)], each[FIRST_SEEN])
        for algorithm, each in counted.items()
    ]


def compared_refusals(counted: Counted) -> list[Compared]:
    """Return instructions of refusals: two microseconds differ by more than a tenth from run to run."""
    each = counted["ES256"]
    names = {kind: f"refuse: {kind}" for kind in REFUSALS}
    return [
        _compared(f"P3: refusal, {kind}, instructions", each[at_baseline(name)], each[name])
        for kind, name in names.items()
    ]


def compared_starts(now: Cold, then: Cold) -> list[Compared]:
    """Return the counts of a cold start: of the authorizer, then of the issuer."""
    return [
        _compared("P4: first verification, instructions", then.net("keyturn_verify"), now.net("keyturn_verify")),
        _compared("P5: first decision, instructions", then.net(OURS), now.net(OURS)),
        _compared("P6: files opened", then.net_files(OURS), now.net_files(OURS)),
        _compared("P6: zipped artifact with layer, bytes", then.zipped["authorizer"], now.zipped["authorizer"]),
        _compared("P6: resident memory, bytes", then.observed[OURS].resident, now.observed[OURS].resident),
        _compared("P7: sources compiled", then.observed[OURS].compiled, now.observed[OURS].compiled),
        _compared("P12: first token, instructions", then.net(OUR_ISSUER), now.net(OUR_ISSUER)),
    ]


def compared_firsts(first: FirstRequests) -> list[Compared]:
    """Return CPU of the first decision: in init, in the handler, and in both."""
    then, now = at_baseline(OURS), OURS
    both = {step: [a + b for a, b in zip(first.init[step], first.handler[step], strict=True)] for step in (then, now)}
    rows = []
    for what, times in (("in the handler", first.handler), ("in init and handler", both)):
        growth = ratio(times[now], times[then]).middle
        before, after = (f"{median(times[step]) / 1000:.1f} ms" for step in (then, now))
        rows.append(Compared(f"P5b: first decision, CPU {what}", before, after, growth, TIME))
    return rows


def compared_revocations(tree: Path) -> list[Compared]:
    """Return the cost of 20,000 live revocations, the least of several turns of both commits.

    Other work of the machine only adds to a time.
    """
    turns = []
    for turn in range(_TURNS):
        say(f"20,000 live revocations, turn {turn + 1} of {_TURNS}")
        turns.append([_figures(_REVOCATIONS, place) for place in (tree, ROOT)])
    rows = []
    for key, (_, is_timed) in turns[0][0].items():
        then, now = (min(turn[side][key][0] for turn in turns) for side in (0, 1))
        rows.append(_compared(f"{key[0]}: {key[1]}, {key[2]}", then, now, TIME if is_timed else COUNT))
    return rows


def compared_prices(tree: Path, warm: Warm) -> list[Compared]:
    """Return the price of decisions: one formula, with the line, the reads, the memory and the time of each commit."""
    *_, line, targets = _output(_LINE_AND_TARGETS, tree).splitlines(keepends=True)
    then_seen, now_seen = (median(warm.times["ES256"][each]) / 1000 for each in (at_baseline(WARM), FIRST_SEEN))
    then, now = Authorizer(then_seen, memory_mb(root=tree), line), Authorizer(now_seen)
    load = Load(sandboxes=1)
    # Each renewal read the absent rings too.
    earlier = replace(load, targets=int(targets), absent_period=0)
    return [
        _compared(
            f"P11: a million decisions, {mode}, $",
            decision_cost(earlier, mode, authorizer=then).total,
            decision_cost(load, mode, authorizer=now).total,
        )
        for mode in GATES
    ]


def compared_reads(tree: Path, figures: Iterable[Figure]) -> list[Compared]:
    """Return reads for each request: the baseline's own code measures its side."""
    then = _figures(_READS, tree)
    keys = {(each.goal, each.what, each.unit): each for each in figures}
    return [
        _compared(f"{each.goal}: {each.what}, {each.unit}", then[key][0], each.measured)
        for key, each in keys.items()
        if key in then
    ]


def _figures(script: str, tree: Path) -> dict[tuple[str, str, str], tuple[float, bool]]:
    """Return each figure that a checkout's own code measures by goal, name and unit, and whether it is a time."""
    rows = json.loads(_output(script, tree).splitlines()[-1])
    return {(goal, what, unit): (measured, spread is not None) for goal, what, unit, _, _, measured, spread in rows}


def _output(script: str, tree: Path) -> str:
    """Return what a script prints that imports the code of a checkout."""
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tree,
        env=baseline.environment(tree),
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return done.stdout


def comparison_table(rows: Sequence[Compared]) -> str:
    """Return the rows in Markdown."""
    lines = [f"| figure | at {baseline.COMMIT} | now | now by then | |", "|---|---|---|---|---|"]
    # The page shows no ids of goals.
    names = [each.what.partition(": ")[2] or each.what for each in rows]
    lines += [
        f"| {name} | {each.then} | {each.now} | {each.growth:.3f} | {each.verdict} |"
        for name, each in zip(names, rows, strict=True)
    ]
    return "\n".join(lines)


def _compared(what: str, then: float, now: float, tolerance: float = COUNT) -> Compared:
    growth = now / then if then else 1.0 + now
    return Compared(what, _number(then), _number(now), growth, tolerance)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"
