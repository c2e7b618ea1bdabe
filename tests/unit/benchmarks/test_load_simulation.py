"""The simulation: it runs the authorizer's own view, and the formulae say what it sees."""

from __future__ import annotations

import pytest

from benchmarks.load_model import Load
from benchmarks.load_simulation import simulate

LOAD = Load(sandboxes=60, requests=4, bound=8)


def test_the_model_says_what_the_simulation_sees() -> None:
    """Renewals a second and ages at decisions agree to within a few percent."""
    seen = simulate(LOAD, seconds=40)
    assert seen.refreshes == pytest.approx(LOAD.refreshes, rel=0.05)
    assert seen.mean_age == pytest.approx(LOAD.mean_age, rel=0.05)
    assert seen.age_quantile(0.9) == pytest.approx(LOAD.age_quantile(0.9), rel=0.05)


def test_no_view_is_older_than_half_of_the_bound_while_the_store_answers() -> None:
    """R47: renewal at half of the bound leaves the other half for a store that is away."""
    assert max(simulate(LOAD, seconds=20).ages) < LOAD.bound / 2


def test_no_view_is_older_than_the_bound_while_the_store_is_away() -> None:
    """R47: then decisions without a view are counted instead."""
    seen = simulate(LOAD, seconds=40, outage=(10, 30))
    assert LOAD.bound / 2 < max(seen.ages) < LOAD.bound
    assert seen.unanswered > 0


def test_sandboxes_that_start_together_renew_together() -> None:
    """All of a deployment's sandboxes read within the same seconds: the peak is that of all, not of the average."""
    seen = simulate(LOAD, seconds=30, together=True)
    assert seen.busiest_second() == LOAD.sandboxes
    assert seen.busiest_second(since=10) > 2 * LOAD.refreshes


def test_a_run_is_repeated_by_its_seed() -> None:
    """The same seed gives the same ages."""
    assert simulate(LOAD, seconds=5).ages == simulate(LOAD, seconds=5).ages
