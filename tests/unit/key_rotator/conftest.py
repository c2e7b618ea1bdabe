"""The fixtures of the rotator's tests."""

from __future__ import annotations

import pytest

from tests.fakes.rotation_harness import RotationHarness


@pytest.fixture
def harness() -> RotationHarness:
    """Return a rotator on fakes, without a ring."""
    return RotationHarness()


@pytest.fixture
def started() -> RotationHarness:
    """Return a rotator on fakes, in the steady state: an active key and a standby that is old enough."""
    harness = RotationHarness()
    harness.start()
    return harness
