"""No clock of a sandbox makes a decision older than its bound, by true time (R14, R47; ADR 23).

Clocks of the composed authorizer stand still, lag and are set, alone and together; AWS's own clocks differ by 2 s.
Requests of every kind wait for their invocation. Stores are slow or unavailable.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from authorizer.sandbox_time import SandboxTime
from keyturn.domain.time import bounded_cache
from keyturn.domain.time.ages import Instant
from tests.fakes.clock_world import (
    BOUND,
    EVENTS,
    LEEWAY,
    PERIOD,
    ClockWorld,
    Decision,
    Fault,
    Moment,
    Step,
    environment,
)

REQUESTS = 40
# 40 examples in `make test`; two modes of 12,500 examples of 40 requests are a million in `make fuzz`.
EXAMPLES = 12_500 if settings().max_examples > 10_000 else 40

HEALTHY = Fault()
FAULTS = (
    HEALTHY,
    Fault(monotonic=0.0),  # frozen, as Lambda does it
    Fault(wall=0.0),
    Fault(wall=0.0, monotonic=0.0),
    Fault(wall=0.3, monotonic=0.3),
    Fault(wall=0.9, monotonic=0.0),
    *(Fault(set_by=seconds) for seconds in (-3600.0, -400.0, -0.4, 0.4, 400.0, 3600.0)),
    *(Fault(wall=0.0, monotonic=0.0, set_by=seconds) for seconds in (-400.0, -0.4, 0.4)),
    Fault(monotonic=0.0, set_by=-59.0),  # frozen for a minute, and set back by nearly as much
)


def steps_of(**choices: Sequence[Any]) -> st.SearchStrategy[Step]:
    """Return steps of every combination of these fields: one draw for each, since a million are drawn."""
    combinations = math.prod(map(len, choices.values()))

    def step(number: int) -> Step:
        fields = {}
        for name, values in choices.items():
            number, index = divmod(number, len(values))
            fields[name] = values[index]
        return Step(**fields)

    return st.sampled_from(range(combinations)).map(step)


STEPS = steps_of(
    fault=FAULTS,
    wait=[0.02, 0.3, 0.98, 1.01, 1.9, 2.0, 2.1, 5.0, 30.0, 59.0, 61.0, 3600.0],
    kind=EVENTS,
    outage=[False, False, False, True],
    remaining=[600, 600, 2, -8, -10, -11, -13, -16, -3600],
    queue=[0.0, 0.0, 0.05, 1.5],
    latency=[0.0, 0.01, 0.2],
)
# Exact in binary and in milliseconds, so that each boundary is met by every clock at once.
EVEN_STEPS = steps_of(
    wait=[0.125, 0.5, 0.875, 1.0, 1.125, 1.875, 2.0, 2.125, 60.0, 3600.0],
    kind=EVENTS,
    outage=[False, False, True],
    remaining=[600, 600, 2, -8, -10, -3600],
    latency=[0.0, 0.0, 0.125],
)
SKEWS = st.tuples(*[st.sampled_from([-2.0, -1.5, -0.125, 0.0, 0.25, 2.0])] * 2)
# The gateway's and Lambda's times are cut to milliseconds.
_CUT = 0.0011


def tolerance(read: Moment, present: Moment, passed: float) -> float:
    """Return by how much the age of a read may be underestimated: what docs/authorizer.md promises for these clocks."""
    wall, monotonic = present.wall - read.wall, present.monotonic - read.monotonic
    if wall < 0 or max(wall, monotonic) >= passed - 1e-6:
        return 1e-6
    if (read.gateway and present.gateway) or (read.deadline and present.deadline):
        return _CUT
    return 5.0 + 1.0 + _CUT if read.dated and (present.gateway or present.deadline) else math.inf


def judge(world: ClockWorld, step: Step, decision: Decision) -> None:
    """Raise AssertionError for a decision by what is too old, or about a token that was over."""
    if decision.outcome in ("StoreUnavailable", "AccessDenied"):
        return
    present = world.present
    by = ["rings"]
    if "strict" not in decision.reads and decision.outcome == "allowed":
        by.append("feed")
    for what in by:
        read = world.read[what]
        age = present.true - read.true
        assert age < BOUND + tolerance(read, present, age), (what, age)
    tried = world.tried["rules"]
    since = present.true - tried.true
    assert since < PERIOD + tolerance(tried, present, since), ("rules", since)
    over = present.true - (int(present.true) + step.remaining + LEEWAY)
    if decision.outcome == "allowed":
        witness = present.gateway or present.deadline
        slow = max(0.0, present.true - present.wall)
        assert over < min(slow, 4.0 + _CUT if witness else math.inf) + 1e-6, ("expired", over, slow)
    elif decision.outcome == "token_expired":
        late = step.queue + 4.0  # its reads took a while, as its invocation did
        assert over + late >= 0 or world.wall > world.true, ("refused", over)


def run(world: ClockWorld, steps: Sequence[Step]) -> None:
    """Judge each decision of a sandbox."""
    for step in steps:
        judge(world, step, world.decide(step))


def drive(mode: str, steps: Sequence[Step], skew: tuple[float, float], off: float, deadlines: bool) -> None:
    """Run one sandbox whose wall clock is `off` seconds wrong from the beginning."""
    with environment():
        run(ClockWorld(mode, skew=skew, off=off, deadlines=deadlines), steps)


ANY_WORLD: dict[str, st.SearchStrategy[Any]] = {
    "steps": st.lists(STEPS, min_size=REQUESTS, max_size=REQUESTS),
    "skew": SKEWS,
    "off": st.sampled_from([0.0, 0.0, -400.0, 400.0]),
    "deadlines": st.booleans(),
}


@pytest.mark.parametrize("mode", ["snapshot", "strict"])
def test_no_decision_is_older_than_its_bound(mode: str) -> None:
    """R14, R47: rings, revocations, rules and exp, with every fault of the clocks, judged by true time alone."""

    @settings(max_examples=EXAMPLES, deadline=None, derandomize=EXAMPLES < 1000)
    @given(**ANY_WORLD)
    def hold(steps: list[Step], skew: tuple[float, float], off: float, deadlines: bool) -> None:
        drive(mode, steps, skew, off, deadlines)

    hold()


@pytest.mark.parametrize("mode", ["snapshot", "strict"])
@settings(max_examples=25, deadline=None, derandomize=True)
@given(steps=st.lists(EVEN_STEPS, min_size=REQUESTS, max_size=REQUESTS), skew=SKEWS)
def test_a_skew_of_two_seconds_costs_no_read_and_refuses_nothing(
    mode: str, steps: list[Step], skew: tuple[float, float]
) -> None:
    """R47, P8: at B = 2, healthy clocks of AWS that differ by 2 s decide and read exactly as clocks that agree."""
    with environment():
        agreed, differing = ClockWorld(mode), ClockWorld(mode, skew=skew)
        for step in steps:
            assert differing.decide(step) == agreed.decide(step)


@pytest.mark.parametrize("mode", ["snapshot", "strict"])
@settings(max_examples=15, deadline=None, derandomize=True)
@given(steps=st.lists(STEPS, min_size=REQUESTS, max_size=REQUESTS), skew=SKEWS)
def test_the_requests_times_cost_no_read(mode: str, steps: list[Step], skew: tuple[float, float]) -> None:
    """P8: healthy clocks and stores need no extra read for the requests' times, and each good token passes."""
    with environment():
        without, world = ClockWorld(mode, witness=False), ClockWorld(mode, skew=skew)
        for step in steps:
            healthy = step._replace(fault=HEALTHY, outage=False, queue=min(step.queue, 0.05))
            decision = world.decide(healthy)
            assert decision == without.decide(healthy)
            assert (decision.outcome == "allowed") is (step.remaining > -LEEWAY)


@pytest.mark.parametrize("mode", ["snapshot", "strict"])
@settings(max_examples=10, deadline=None, derandomize=True)
@given(steps=st.lists(STEPS, min_size=REQUESTS, max_size=REQUESTS), off=st.sampled_from([-250.0, -400.0, -86_400.0]))
def test_a_slow_wall_clock_lets_no_expired_token_pass(mode: str, steps: list[Step], off: float) -> None:
    """R14: without any time of the request, the Date of what was read makes up for a slow clock."""
    with environment():
        world = ClockWorld(mode, off=off, witness=False)
        for step in steps:
            decision = world.decide(step._replace(fault=HEALTHY))
            over = world.present.true - (int(world.present.true) + step.remaining + LEEWAY)
            assert decision.outcome != "allowed" or over < 1.0, over


def _by_monotonic(since: Instant | None, now: Instant) -> float:
    return math.inf if since is None else now.monotonic - since.monotonic


def _by_both(since: Instant | None, now: Instant) -> float:
    if since is None or now.wall < since.wall:
        return math.inf
    return max(now.wall - since.wall, now.monotonic - since.monotonic)


def _without_witness(time: SandboxTime, _request: object) -> None:
    time._gateway = time._invocation = None


@pytest.mark.parametrize(
    ("place", "name", "fault"),
    [
        (bounded_cache, "age", _by_monotonic),  # rules were read again after hours
        (bounded_cache, "age", _by_both),  # both clocks still: a view of any age decided
        (SandboxTime, "begin", _without_witness),  # and an expired token passed
        (SandboxTime, "seconds", lambda time: time.now().wall),
    ],
)
def test_the_simulation_finds_the_faults_that_there_were(
    monkeypatch: pytest.MonkeyPatch, place: object, name: str, fault: Callable[..., object]
) -> None:
    """R47: each fault of the clocks that this code had, put back, is found within 100,000 requests."""
    monkeypatch.setattr(place, name, fault)

    @settings(max_examples=2_500, deadline=None, derandomize=True, database=None, phases=[Phase.generate])
    @given(**ANY_WORLD)
    def hold(steps: list[Step], skew: tuple[float, float], off: float, deadlines: bool) -> None:
        drive("snapshot", steps, skew, off, deadlines)

    with pytest.raises(AssertionError):
        hold()
