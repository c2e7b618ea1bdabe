"""The login on fakes."""

from __future__ import annotations

import pytest

from tests.fakes.login_harness import LoginHarness


@pytest.fixture
def login(monkeypatch: pytest.MonkeyPatch) -> LoginHarness:
    """Return a login with one client and one user."""
    return LoginHarness(monkeypatch)
