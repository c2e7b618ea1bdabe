"""Fixtures for issuer and login over one set of stores, with a third-party client and two users."""

from __future__ import annotations

import pytest

from tests.fakes.certification_plan import ADA, EVE, REDIRECT_URI, plan_client
from tests.fakes.provider_harness import Provider
from tests.fakes.relying_party import RelyingParty


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Provider:
    """Return issuer and login."""
    provider = Provider(monkeypatch, plan_client("third"))
    provider.add_person(ADA)
    provider.add_person(EVE)
    return provider


@pytest.fixture
def client(provider: Provider) -> RelyingParty:
    """Return a third-party client."""
    return RelyingParty(provider, "third", REDIRECT_URI)
