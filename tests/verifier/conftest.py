"""A site with an issuer's documents, and clocks that stand until a test moves them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from keyturn.verifier import JwksVerifier
from tests.fakes.jwks_site import PATIENCE, JwksSite
from tests.fakes.token_factory import signing_key
from tests.fakes.two_clocks import TwoClocks


@pytest.fixture
def site() -> Iterator[JwksSite]:
    """Return a server that publishes one key."""
    site = JwksSite()
    site.publish(signing_key())
    yield site
    site.close()


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a machine under load take its time: a test of the time-out states its own."""
    defaults: Any = JwksVerifier.__init__.__kwdefaults__
    monkeypatch.setitem(defaults, "timeout_seconds", PATIENCE)


@pytest.fixture
def clocks() -> TwoClocks:
    """Return the clocks of a verifier."""
    return TwoClocks()
