"""The figures that must be no worse than at the earlier commit."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.comparison import ROOT, compared_prices, compared_refusals
from benchmarks.contestants import FIRST_SEEN, OURS, REFUSALS, at_baseline
from benchmarks.decision_cost import Authorizer, decision_cost
from benchmarks.load_model import Load
from benchmarks.warm_decisions import Warm


def test_one_formula_prices_both_commits() -> None:
    """P11: a checkout beside itself differs by the absent rings alone, which the earlier commit read each time."""
    warm = Warm({"ES256": {at_baseline(OURS): [130.0], FIRST_SEEN: [130.0]}}, 3000)
    load = Load(sandboxes=1)
    for row, mode in zip(compared_prices(ROOT, warm), ("snapshot", "strict"), strict=True):
        now, then = (decision_cost(each, mode, authorizer=Authorizer(0.13)).total for each in _both(load))
        assert row.growth == pytest.approx(now / then)
        assert (mode in row.what, row.verdict) == (True, "no worse")


def _both(load: Load) -> tuple[Load, Load]:
    return load, replace(load, absent_period=0)


@pytest.mark.parametrize(("now", "verdict"), [(1019.0, "no worse"), (1021.0, "WORSE")])
def test_a_refusal_may_grow_by_two_percent(now: float, verdict: str) -> None:
    """P3: instructions are a count, so that a time's tolerance hides nothing."""
    names = [f"refuse: {kind}" for kind in REFUSALS]
    counted = {"ES256": {at_baseline(name): 1000.0 for name in names} | dict.fromkeys(names, now)}
    assert [row.verdict for row in compared_refusals(counted)] == [verdict] * len(REFUSALS)
