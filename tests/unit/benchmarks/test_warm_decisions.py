"""Ratios of one round, and the goals that they are held to."""

from __future__ import annotations

import pytest

from benchmarks.contestants import FORGED, NODE_RAW, OURS, RAW, REFUSALS
from benchmarks.goals import Figure
from benchmarks.material import material_of
from benchmarks.refusals import refusal, refused_tokens
from benchmarks.warm_decisions import Warm, warm_figures, warm_table
from benchmarks.worker_process import ratio

TIMES = {
    OURS: [90.0, 200.0, 80.0],
    RAW: [60.0, 100.0, 80.0],
    NODE_RAW: [100.0, 100.0, 100.0],
    "fast-jwt": [100.0, 100.0, 100.0],
} | {f"refuse: {kind}": [2.0, 2.0, 2.0] for kind in REFUSALS}


def test_a_ratio_is_taken_round_by_round() -> None:
    """P1: a machine that is slow for a round slows both sides: 2.0 there, 1.0 and 1.5 elsewhere."""
    assert ratio(TIMES[OURS], TIMES[RAW]) == (1.5, (1.0, 2.0))


def test_rounds_of_different_number_are_no_ratio() -> None:
    """P1: a contestant that missed a round is not compared."""
    with pytest.raises(ValueError, match="longer"):
        ratio([1.0], [1.0, 2.0])


def test_each_goal_has_its_figure_where_its_peers_are_there() -> None:
    """P1 to P3: without one of Node's peers its figure is left out, and no other."""
    figures = warm_figures(Warm({"ES256": TIMES, "RS256": {OURS: [45.0], RAW: [25.0]}}, 3000))
    assert [figure.goal for figure in figures] == ["P1a", "P1a", "P2", *["P3"] * len(REFUSALS)]
    assert [figure.measured for figure in figures[:3]] == [1.5, 1.8, 0.9]
    what = "warm decision, repeated token, by raw verify, RS256"
    assert figures[1] == Figure("P1a", what, "×", 0.8, 0.5, 1.8, (1.8, 1.8))


def test_each_contestant_is_measured_by_its_own_runtime() -> None:
    """P2: Node's libraries are compared with Node's own verification; what has no time has a dash."""
    table = warm_table(Warm({"ES256": TIMES, "RS256": {}}, 3000), (OURS, "fast-jwt"), "one token")
    assert table.splitlines()[0] == "| one token | ES256, µs | ES256, × raw | RS256, µs | RS256, × raw |"
    assert "| fast-jwt | 100 | 1.00 (1.00 to 1.00) | – | – |" in table
    assert f"| {OURS} | 90 | 1.50 (1.00 to 2.00) | – | – |" in table


@pytest.mark.parametrize("kind", [*REFUSALS, FORGED])
def test_what_is_measured_is_refused_for_its_reason(kind: str) -> None:
    """P3: each kind of token is refused as what it is, from the first to the last of them."""
    now = 1_790_000_000
    material = material_of("ES256", now)
    refuse = refusal(material, kind, now)
    for _ in refused_tokens(material)[kind]:
        refuse()
