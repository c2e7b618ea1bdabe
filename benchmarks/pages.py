"""Pages that a whole run writes: docs/benchmarks.md with its picture, and docs/scale.md."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.cold_layout import ROOT
from benchmarks.goals import goal_table
from benchmarks.load_model import Load
from benchmarks.page import Report, describe_run, replace_generated
from benchmarks.run import Run
from benchmarks.scale_report import scale_parts
from benchmarks.summary import five_numbers
from benchmarks.warm_decisions import node

BENCHMARKS, SCALE = ROOT / "docs" / "benchmarks.md", ROOT / "docs" / "scale.md"
PICTURE = BENCHMARKS.with_suffix(".png")
_ALT = "CPU time of a warm decision, of a sandbox's first request and of a token, beside peers"
_OF_SCALE = ("reads", "revocations", "price")


def write(run: Run, reports: Mapping[str, Report]) -> None:
    """Write the pages and the picture of a run that measured everything."""
    from benchmarks.picture import draw  # drawing takes a library that printing does without

    draw(run.warm, run.first, run.issued, PICTURE)
    # Both pages are ready before one of them is written.
    benchmarks = replace_generated(BENCHMARKS.read_text(), benchmark_parts(run, reports))
    scale = replace_generated(SCALE.read_text(), page_of_scale(reports))
    BENCHMARKS.write_text(benchmarks)
    SCALE.write_text(scale)


def benchmark_parts(run: Run, reports: Mapping[str, Report]) -> dict[str, str]:
    """Return the generated parts of docs/benchmarks.md."""
    text = {name: report.text for name, report in reports.items()}
    figures = [figure for report in reports.values() for figure in report.figures]
    numbers = five_numbers(run.warm, run.first, run.issued, run.authorizer)
    return {
        "summary": f"![{_ALT}]({PICTURE.name})\n\n{numbers}",
        "goals": goal_table(figures),
        "warm": text["warm"],
        "instructions": f"{text['instructions']}\n\n{text['memo']}",
        "cold": f"{text['first']}\n\n{text['cold']}",
        "issuer": text["issuer"],
        "compare": text["compare"],
        "run": describe_run("make bench", run.now, node()),
    }


def page_of_scale(reports: Mapping[str, Report]) -> dict[str, str]:
    """Return the generated parts of docs/scale.md, from the same run."""
    figures = [figure for name in _OF_SCALE for figure in reports[name].figures]
    return {
        "goals": f"{goal_table(figures)}\n\n{reports['revocations'].text}",
        "cost": reports["price"].text,
        **scale_parts(Load(sandboxes=1000)),
    }
