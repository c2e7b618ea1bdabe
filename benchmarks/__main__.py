"""`make bench`: prints all tables and writes docs/benchmarks.md, or prints those of ONLY="warm p9"."""

from __future__ import annotations

import sys
from collections.abc import Callable

from benchmarks import cold_start, warm_decisions
from benchmarks.cold_layout import ROOT
from benchmarks.counted_reads import counted_reads
from benchmarks.decision_cost import cost_figures, cost_table
from benchmarks.decision_profile import profile, profile_table
from benchmarks.live_revocations import live_revocations
from benchmarks.load_model import Load
from benchmarks.material import material_of
from benchmarks.page import Report, describe_run, generated_part, replace_generated
from benchmarks.scale_report import agreement_table, capacity_table, limit_table, notes
from keyturn.adapters.aws.system_clock import wall_seconds

PAGE = ROOT / "docs" / "benchmarks.md"
PICTURE = PAGE.with_suffix(".png")


class Run:
    """One run: each of its reports measures, and the picture shows what was measured."""

    def __init__(self, now: float) -> None:
        """Take the time at which it began, in seconds since the epoch."""
        self.now = now
        self._warm: warm_decisions.Warm | None = None
        self._cold: cold_start.Cold | None = None
        self.reports: dict[str, Callable[[], Report]] = {
            "warm": self._warm_report,
            "cold": self._cold_report,
            "p8": lambda: Report(counted_reads()),
            "p9": lambda: Report(*live_revocations()),
            "p11": _p11,
            "scale": _scale,
        }

    def _warm_report(self) -> Report:
        self._warm = warm = warm_decisions.measure(int(self.now))
        parts = profile_table(profile(material_of("ES256", int(self.now))))
        event = f"The event that the authorizer decides has {warm.event_bytes:,} bytes."
        text = f"{warm_decisions.warm_table(warm)}\n\n{event}\n\n{parts}"
        if warm_decisions.node() is None:
            text += "\n\nNOT RUN: P2 needs Node 20 and `npm ci` in benchmarks/javascript; `make bench` does both."
        return Report(warm_decisions.warm_figures(warm), text)

    def _cold_report(self) -> Report:
        if missing := cold_start.missing_tools():
            return Report([], f"NOT RUN: P4 to P7 need {' and '.join(missing)}: apt-get install {' '.join(missing)}")
        self._cold = cold = cold_start.measure(int(self.now))
        return Report(cold_start.cold_figures(cold), cold_start.cold_table(cold))

    def write(self, reports: list[Report]) -> None:
        """Write the page and the picture of a run that measured everything."""
        from benchmarks.picture import draw  # drawing takes a library that printing does without

        assert self._warm is not None
        draw(self._warm, self._cold, PICTURE)
        run = describe_run("make bench", self.now, warm_decisions.node())
        PAGE.write_text(replace_generated(PAGE.read_text(), generated_part(reports, run, PICTURE.name)))


def _p11() -> Report:
    load = Load(sandboxes=1)
    return Report(cost_figures(load), cost_table(load))


def _scale() -> Report:
    load = Load(sandboxes=1000)
    return Report(
        [], "\n\n".join([str(load), capacity_table(load), limit_table(load), agreement_table(load), notes(load)])
    )


def main(names: list[str]) -> int:
    """Print the reports of these names, or all of them and write the page; return the exit code."""
    run = Run(wall_seconds())
    if unknown := [name for name in names if name not in run.reports]:
        print(f"no report is named {', '.join(unknown)}: there are {', '.join(run.reports)}", file=sys.stderr)
        return 2
    done = {}
    for name in names or run.reports:
        done[name] = run.reports[name]()
        print(f"\n{done[name]}", flush=True)
    if not names:
        run.write([report for name, report in done.items() if name != "scale"])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
