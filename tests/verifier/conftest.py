"""A site with an issuer's documents, and clocks that stand until a test moves them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes.jwks_site import JwksSite
from tests.fakes.token_factory import signing_key
from tests.fakes.two_clocks import TwoClocks


@pytest.fixture
def site() -> Iterator[JwksSite]:
    """Return a server that publishes one key."""
    site = JwksSite()
    site.publish(signing_key())
    yield site
    site.close()


@pytest.fixture
def clocks() -> TwoClocks:
    """Return the clocks of a verifier."""
    return TwoClocks()
