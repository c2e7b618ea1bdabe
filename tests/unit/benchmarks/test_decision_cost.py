"""P11: the price of a million decisions, from the price list's figures."""

from __future__ import annotations

import re
from math import ceil

import pytest

from benchmarks.decision_cost import Authorizer, allowed_line, decision_cost, memory_mb, processor_share
from benchmarks.load_model import Load

LOAD = Load(sandboxes=1, requests=10, bound=10, revocations=0, lifetime=1e9)


def test_a_strict_decision_pays_for_its_targets_and_its_part_of_the_renewal_of_the_keys() -> None:
    """P11: four items a decision, one ring every 51 decisions, and four more at each twelfth, at $0.125 a million."""
    assert decision_cost(LOAD, "strict").reads == pytest.approx(0.125 * (4 + (1 + 4 / 12) / 51))


def test_a_snapshot_decision_pays_for_its_part_of_the_renewals() -> None:
    """P11: every 51 decisions, a renewal costs three units, and absent rings a third of one."""
    assert decision_cost(LOAD, "snapshot").reads == pytest.approx(0.125 * (3 + 4 / 12) / 51, rel=1e-4)


def test_time_is_paid_by_the_gigabyte_second() -> None:
    """P11: a millisecond of the template's memory, a million times, at $0.0000133334 a GB-second."""
    share = processor_share(memory_mb())
    one, two = (Authorizer(decision=share * each, round_trip=0) for each in (1, 2))
    growth = (
        decision_cost(LOAD, "strict", authorizer=two).duration - decision_cost(LOAD, "strict", authorizer=one).duration
    )
    assert growth == pytest.approx(0.0133334 * memory_mb() / 1024)


def test_lines_are_paid_by_the_byte() -> None:
    """P11: each line of an allowed request counts 26 bytes more than it has."""
    assert decision_cost(LOAD, "strict").logs == pytest.approx((len(allowed_line()) + 26) * 0.5 / 1000)
    assert decision_cost(LOAD, "strict", logged=0).logs == 0


@pytest.mark.parametrize(("memory", "share"), [(512, 512 / 1769), (1769, 1.0), (3008, 1.0)])
def test_memory_buys_a_share_of_a_processor(memory: int, share: float) -> None:
    """P11: a function of 1,769 MB has one vCPU, a smaller one its part; one thread uses no second one."""
    assert processor_share(memory) == share


@pytest.mark.parametrize("memory", [256, 512, 1769])
def test_a_started_millisecond_is_billed_whole(memory: int) -> None:
    """P11: durations between one and two milliseconds are billed as two: half of one more on average."""
    share = processor_share(memory)
    durations = [1 + (each + 0.5) / 1000 for each in range(1000)]
    billed = [Authorizer(decision=share * each - 0.15, memory=memory).billed for each in durations]
    assert sum(billed) / 1000 == pytest.approx(sum(map(ceil, durations)) / 1000) == 2


def test_a_line_without_a_timestamp_gets_one_from_lambda() -> None:
    """P11: the log line of each commit counts as CloudWatch Logs receives it."""
    without = re.sub(r'"timestamp": "[^"]*", ', "", allowed_line())
    assert len(without) == len(allowed_line()) - 41
    assert Authorizer(line=without).logged_bytes == len(without) + 39 + 26
    assert Authorizer(line=allowed_line()).logged_bytes == len(allowed_line()) + 26
