"""The cost of a cold start is its count less Lambda's floor."""

from __future__ import annotations

from benchmarks.cold_start import FLOOR, OUR_ISSUER, STEPS, Cold, cold_figures, cold_table
from benchmarks.fresh_interpreter import Observed

NAMES = (FLOOR, *STEPS)
COLD = Cold(
    instructions=dict.fromkeys(NAMES, 1_140_000_000)
    | {FLOOR: 140_000_000, "keyturn_verify": 240_000_000, "keyturn_decision": 290_000_000, OUR_ISSUER: 440_000_000},
    files=dict.fromkeys(NAMES, 300) | {FLOOR: 80},
    observed=dict.fromkeys(NAMES, Observed(33_000_000, 0)),
    zipped={"authorizer": 6_500_000, "issuer": 9_000_000},
)


def test_the_floor_is_taken_off_both_sides() -> None:
    """P4 to P7, P12: ratios and files are net of the floor; the size and the memory are those of the whole."""
    figures = {(figure.goal, figure.unit): figure.measured for figure in cold_figures(COLD)}
    assert figures == {
        ("P4", "×"): 0.1,
        ("P5", "×"): 0.15,
        ("P6", "files"): 220,
        ("P6", "MB"): 33.0,
        ("P7", "files"): 0,
        ("P12", "×"): 0.3,
        ("P12", "files"): 220,
        ("P12", "MB"): 33.0,
    }


def test_a_figure_on_its_gate_meets_it() -> None:
    """P5: 0.15 of what boto3 costs is the gate itself; 220 files are over theirs."""
    verdicts = {figure.what: figure.verdict for figure in cold_figures(COLD)}
    assert verdicts["cold first decision by PyJWT + boto3 doing the same"] == "gate met"
    assert verdicts["files opened for the first decision"] == "NOT MET"


def test_every_step_has_its_row() -> None:
    """P4: the table shows what was counted, in millions of instructions."""
    lines = cold_table(COLD).splitlines()
    assert len(lines) == 3 + len(STEPS)
    assert lines[2] == "| floor, in all | 140 | 80 | 33.0 |"
    assert lines[3].endswith("| 100 | 220 | 33.0 |")
