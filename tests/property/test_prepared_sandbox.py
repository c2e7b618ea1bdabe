"""A sandbox that Lambda starts ahead of time decides by nothing older than the bound (R47; ADR 23, ADR 42).

It reads keys and rules at its start, and is frozen for any time before its first request. Its clocks do what they like.
"""

from __future__ import annotations

from unittest.mock import patch

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from authorizer.sandbox_time import SandboxTime
from tests.fakes.clock_world import BOUND, LEEWAY, PERIOD, ClockWorld, Fault, Moment, Step, environment
from tests.property.test_frozen_clocks import FAULTS, SKEWS, STEPS

EXAMPLES = 2_000 if settings().max_examples > 10_000 else 60
# Longer than any answer of the model takes while the sandbox's clocks stand still, with its one repetition.
_SLOW = 0.5


def _tolerance(read: Moment, present: Moment) -> float:
    """Return by how much the age of a read may be underestimated: the times are cut to milliseconds."""
    return _SLOW if not read.deadline else 0.0011 + 1e-6


def drive(mode: str, steps: list[Step], skew: tuple[float, float], ahead: float, fault: Fault) -> list[str]:
    """Prepare a sandbox, let `ahead` seconds pass, and judge the age of what each decision is made by."""
    outcomes = []
    with environment():
        world = ClockWorld(mode, skew=skew)
        world.prepare(fault)
        world.pass_time(ahead)
        for step in steps:
            decision = world.decide(step)
            outcomes.append(decision.outcome)
            if decision.outcome in ("StoreUnavailable", "AccessDenied"):
                continue
            rings, rules = world.read["rings"], world.tried["rules"]
            true = world.present.true
            assert true - rings.true < BOUND + _tolerance(rings, world.present), ("rings", true - rings.true)
            assert true - rules.true < PERIOD + _tolerance(rules, world.present), ("rules", true - rules.true)
            if decision.outcome == "allowed":
                assert true < int(true) + step.remaining + LEEWAY + 4.0011, "expired"
    return outcomes


WORLDS = {
    "steps": st.lists(STEPS, min_size=3, max_size=6),
    "skew": SKEWS,
    "ahead": st.sampled_from([0.0, 0.1, 1.0, 1.9, 2.0, 2.1, 4.0, 9.0, 30.0, 61.0, 3600.0, 86_400.0]),
    "fault": st.sampled_from(FAULTS),
}


@pytest.mark.parametrize("mode", ["snapshot", "strict"])
def test_nothing_that_a_start_read_outlives_its_bound(mode: str) -> None:
    """R47: the freeze after the start counts in full, by the request's time, whatever the sandbox's clocks say."""

    @settings(max_examples=EXAMPLES, deadline=None, derandomize=EXAMPLES < 1000)
    @given(**WORLDS)
    def hold(**world: object) -> None:
        drive(mode, **world)  # type: ignore[arg-type]  # drawn by name

    hold()


def test_a_start_that_is_dated_as_a_request_is_found() -> None:
    """R47: without the estimate, the skew and the rounding of Date make a read of the start outlive its bound."""
    undated = patch.object(SandboxTime, "dated", lambda _time, sent, date: sent.with_date(date))

    @settings(max_examples=1_000, deadline=None, derandomize=True, database=None, phases=[Phase.generate])
    @given(**WORLDS)
    def hold(**world: object) -> None:
        drive("strict", **world)  # type: ignore[arg-type]  # drawn by name

    with undated, pytest.raises(AssertionError):
        hold()


@pytest.mark.parametrize(
    ("ahead", "reads"), [(0.1, ["strict"]), (3.9, ["rings", "strict"]), (61.0, ["rules", "rings", "strict"])]
)
def test_the_first_request_reads_what_is_due(ahead: float, reads: list[str]) -> None:
    """P8: right after the start nothing is read twice; a sandbox that was started earlier renews what is old."""
    with environment():
        world = ClockWorld("strict", bound=10)
        world.prepare(Fault())
        world.pass_time(ahead)
        decision = world.decide(Step(wait=0.0))
    assert (decision.outcome, list(decision.reads)) == ("allowed", reads)
