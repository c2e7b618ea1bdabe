"""Fixtures of the issuer's tests."""

from __future__ import annotations

import pytest

from tests.fakes.issuer_harness import IssuerHarness


@pytest.fixture
def issuer(monkeypatch: pytest.MonkeyPatch) -> IssuerHarness:
    """Return an issuer on fakes."""
    return IssuerHarness(monkeypatch)
