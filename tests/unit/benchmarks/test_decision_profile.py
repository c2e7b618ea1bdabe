"""The parts of a decision are where the profile looks for them."""

from __future__ import annotations

import pytest

from authorizer.bootstrap import bootstrap
from benchmarks import decision_profile
from benchmarks.decision_profile import PARTS, WHOLE, profile, profile_table
from benchmarks.material import material_of
from keyturn.adapters.aws.system_clock import wall_seconds


def test_every_part_of_a_decision_is_met(monkeypatch: pytest.MonkeyPatch) -> None:
    """P1: a part that was renamed or is no longer called would be missing from the table of what takes time."""
    before = [getattr(owner, name) for owner, name, _ in PARTS]
    monkeypatch.setattr(decision_profile, "DECISIONS", 5)
    try:
        spent = profile(material_of("ES256", int(wall_seconds()), others=20))
    finally:
        bootstrap.cache_clear()  # the composed object belongs to this test
    assert list(spent) == [WHOLE, *(title for _, _, title in PARTS)]
    assert all(time > 0 for time in spent.values())
    assert [getattr(owner, name) for owner, name, _ in PARTS] == before
    assert len(profile_table(spent).splitlines()) == 2 + len(spent)
