"""P11: the price of a million decisions, from the price list's figures."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.decision_cost import MEMORY_MB, Duration, decision_cost, line_bytes
from benchmarks.load_model import Load

ROOT = Path(__file__).parents[3]
LOAD = Load(sandboxes=1, requests=10, bound=10, revocations=0, lifetime=1e9, targets=4)


def test_a_strict_decision_pays_for_its_targets_and_its_part_of_the_renewal_of_the_keys() -> None:
    """P11: four items a decision, and five of the rings every 51 decisions, at $0.125 a million."""
    assert decision_cost(LOAD, "strict").reads == pytest.approx(0.125 * (4 + 5 / 51))


def test_a_snapshot_decision_pays_for_its_part_of_the_renewals() -> None:
    """P11: rings, a copy of global and an empty feed are seven units every 51 decisions."""
    assert decision_cost(LOAD, "snapshot").reads == pytest.approx(0.125 * 7 / 51, rel=1e-4)


def test_time_is_paid_by_the_gigabyte_second() -> None:
    """P11: a millisecond of 512 MB, a million times, is two thirds of a cent."""
    one, two = (decision_cost(LOAD, "strict", duration=Duration(ms, 0)).duration for ms in (1, 2))
    assert one == pytest.approx(two - one) == pytest.approx(0.0066667)


def test_the_memory_is_that_of_the_template() -> None:
    """P11: the cost is counted for the authorizer's MemorySize."""
    properties = (ROOT / "template.yaml").read_text().partition("  AuthorizerFunction:")[2].partition("Environment:")[0]
    assert f"      MemorySize: {MEMORY_MB}\n" in properties


def test_lines_are_paid_by_the_byte() -> None:
    """P11: each line of an allowed request counts 26 bytes more than it has."""
    assert decision_cost(LOAD, "strict").logs == pytest.approx((line_bytes() + 26) * 0.5 / 1000)
    assert decision_cost(LOAD, "strict", logged=0).logs == 0
