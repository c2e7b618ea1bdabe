"""P8: how often a decision asks DynamoDB, counted below everything that the authorizer is composed of."""

from __future__ import annotations

import pytest

from tests.fakes.composed_authorizer import BOUND, ComposedAuthorizer

RINGS, TARGETS = ("BatchGetItem", "rings"), ("BatchGetItem", "revocations")
GLOBAL, FEED = ("GetItem", "revocations"), ("Query", "revocations")


@pytest.mark.parametrize("mode", ["snapshot", "strict"])
def test_a_cold_start_costs_two_reads(mode: str) -> None:
    """P8: the first request reads the rings and its own revocations, in either mode."""
    assert ComposedAuthorizer(mode).decide() == [RINGS, TARGETS]


def test_a_warm_request_in_snapshot_mode_costs_none() -> None:
    """P8: the second request reads the feed, and those after it read nothing until half of the bound has passed."""
    sandbox = ComposedAuthorizer("snapshot")
    sandbox.decide()
    assert sandbox.decide() == [GLOBAL, FEED]
    sandbox.now += BOUND / 2 - 0.1
    assert sandbox.decide() == []
    sandbox.now += 0.1
    assert sandbox.decide() == [RINGS, GLOBAL, FEED]


def test_a_warm_request_in_strict_mode_costs_one() -> None:
    """P8: each request asks once for all of its targets."""
    sandbox = ComposedAuthorizer("strict")
    sandbox.decide()
    assert [sandbox.decide() for _ in range(3)] == [[TARGETS]] * 3


def test_unprocessed_keys_cost_one_read_more() -> None:
    """P8: keys that DynamoDB leaves out are asked for again, once."""
    sandbox = ComposedAuthorizer("strict")
    sandbox.decide()
    sandbox.dynamodb.unprocessed = 1
    assert sandbox.decide() == [TARGETS, TARGETS]
