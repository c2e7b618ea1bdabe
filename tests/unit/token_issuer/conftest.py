"""Fixtures of the issuer's tests."""

from __future__ import annotations

import pytest

from tests.fakes.issuer_harness import IssuerHarness
from tests.fakes.user_flow import Browser, UserFlow


@pytest.fixture
def issuer(monkeypatch: pytest.MonkeyPatch) -> IssuerHarness:
    """Return an issuer on fakes."""
    return IssuerHarness(monkeypatch)


@pytest.fixture
def flow(monkeypatch: pytest.MonkeyPatch) -> UserFlow:
    """Return an issuer with a user who is signed in, and that user's browser."""
    return UserFlow(monkeypatch)


@pytest.fixture
def browser(flow: UserFlow) -> Browser:
    """Return a browser without cookies."""
    return Browser(flow)
