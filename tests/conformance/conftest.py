"""The provider, the client and the browser of each module of a certification plan."""

from __future__ import annotations

import pytest

from tests.fakes.certification_plan import ADA, PROFILE, REDIRECT_URI, SECOND_REDIRECT_URI, plan_client
from tests.fakes.page_browser import PageBrowser
from tests.fakes.provider_harness import Provider
from tests.fakes.relying_party import RelyingParty


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Provider:
    """Return the provider with its clients and Ada."""
    clients = (plan_client("plan"), plan_client("second", redirect_uris=(SECOND_REDIRECT_URI,)))
    provider = Provider(monkeypatch, *clients)
    provider.add_person(ADA, name="Ada Lovelace", locale="en-GB", claims=PROFILE)
    return provider


@pytest.fixture
def client(provider: Provider) -> RelyingParty:
    """Return the plans' first client, which authenticates by client_secret_basic."""
    return RelyingParty(provider, "plan", REDIRECT_URI)


@pytest.fixture
def browser(provider: Provider) -> PageBrowser:
    """Return a browser without cookies."""
    return provider.browser()
