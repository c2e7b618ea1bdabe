"""`make bench`: prints all tables, or with ONLY="p9 scale" those of these names."""

from __future__ import annotations

import sys

from benchmarks.counted_reads import counted_reads
from benchmarks.decision_cost import cost_figures, cost_table
from benchmarks.goals import goal_table
from benchmarks.live_revocations import live_revocations
from benchmarks.load_model import Load
from benchmarks.scale_report import agreement_table, capacity_table, limit_table, notes


def _p8() -> str:
    return goal_table(counted_reads())


def _p9() -> str:
    figures, note = live_revocations()
    return f"{goal_table(figures)}\n\n{note}"


def _p11() -> str:
    load = Load(sandboxes=1)
    return f"{goal_table(cost_figures(load))}\n\n{cost_table(load)}"


def _scale() -> str:
    load = Load(sandboxes=1000)
    return "\n\n".join([str(load), capacity_table(load), limit_table(load), agreement_table(load), notes(load)])


REPORTS = {"p8": _p8, "p9": _p9, "p11": _p11, "scale": _scale}


def main(names: list[str]) -> int:
    """Print the reports of these names, all without one; return the exit code."""
    unknown = [name for name in names if name not in REPORTS]
    if unknown:
        print(f"no report is named {', '.join(unknown)}: there are {', '.join(REPORTS)}", file=sys.stderr)
        return 2
    for name in names or REPORTS:
        print(f"\n{REPORTS[name]()}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
