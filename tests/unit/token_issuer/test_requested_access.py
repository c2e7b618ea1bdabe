"""Which audience and scope a client may have, below what an earlier grant allows."""

from __future__ import annotations

import pytest

from keyturn.domain.resource_server import ResourceServer
from tests.fakes.issuer_harness import make_client
from tests.fakes.memory_resource_servers import MemoryResourceServers
from tests.fakes.token_factory import AUDIENCE
from token_issuer.errors import InvalidScope
from token_issuer.requested_access import Access, RequestedAccess

CLIENT = make_client(scopes=frozenset({"a", "b", "c"}))


def decide(scope: str | None, granted: set[str], known: set[str] | None = None) -> Access:
    """Return what the client gets of a grant, where the resource server knows some scopes."""
    servers = MemoryResourceServers()
    if known is not None:
        servers.add(ResourceServer(audience=AUDIENCE, name="API", scopes=frozenset(known)))
    return RequestedAccess(servers).decide(CLIENT, resource=None, scope=scope, granted=frozenset(granted))


def test_nothing_asked_is_what_was_granted() -> None:
    """Without a scope it is the granted one, less what client and resource server lost since (RFC 6749 §6, R43)."""
    assert decide(None, {"a", "b"}) == Access(AUDIENCE, frozenset({"a", "b"}))
    assert decide(None, {"a", "b", "lost"}, known={"b", "c"}).scope == {"b"}


def test_less_may_be_asked_for() -> None:
    """A part of what was granted can be asked for."""
    assert decide("b", {"a", "b"}).scope == {"b"}


@pytest.mark.parametrize(("scope", "granted"), [("c", {"a"}), ("a c", {"a"}), (None, set[str]()), ("lost", {"lost"})])
def test_never_more_than_was_granted(scope: str | None, granted: set[str]) -> None:
    """Scope never widens, even to one that the client may have otherwise (R43)."""
    with pytest.raises(InvalidScope):
        decide(scope, granted)
