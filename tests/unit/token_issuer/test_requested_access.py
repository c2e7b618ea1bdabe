"""The audience and scope that a client may have, within the limits of its grant."""

from __future__ import annotations

import pytest

from keyturn.domain.clients.resource_server import ResourceServer
from tests.fakes.issuer_harness import make_client
from tests.fakes.memory_resource_servers import MemoryResourceServers
from tests.fakes.token_factory import AUDIENCE
from token_issuer.errors import InvalidScope, InvalidTarget
from token_issuer.requested_access import Access, RequestedAccess, split_offline_access

CLIENT = make_client(scopes=frozenset({"a", "b", "c"}))


def decide(scope: str | None, granted: set[str], known: set[str] | None = None) -> Access:
    """Return the access from a grant, where the resource server has some scopes."""
    servers = MemoryResourceServers()
    if known is not None:
        servers.add(ResourceServer(audience=AUDIENCE, name="API", scopes=frozenset(known)))
    return RequestedAccess(servers).decide(CLIENT, resource=None, scope=scope, granted=frozenset(granted))


def test_nothing_asked_is_what_was_granted() -> None:
    """The default scope is that of the grant without scopes removed from client or server (RFC 6749 §6, R43)."""
    assert decide(None, {"a", "b"}) == Access(AUDIENCE, frozenset({"a", "b"}))
    assert decide(None, {"a", "b", "lost"}, known={"b", "c"}).scope == {"b"}


def test_less_may_be_asked_for() -> None:
    """A request can ask for a part of the granted scope."""
    assert decide("b", {"a", "b"}).scope == {"b"}


def test_offline_access_is_in_no_token() -> None:
    """OIDC Core §11: no token has offline_access, even if the client is registered for it."""
    client = make_client(scopes=frozenset({"openid", "a", "offline_access"}))
    access = RequestedAccess(MemoryResourceServers())
    assert access.decide(client, resource=None, scope=None).scope == {"openid", "a"}
    assert split_offline_access("a offline_access openid") == ("a openid", True)
    assert split_offline_access("a openid") == ("a openid", False)
    assert split_offline_access(None) == (None, False)
    with pytest.raises(InvalidScope):
        split_offline_access("offline_access")


@pytest.mark.parametrize(
    ("scope", "given"),
    [
        ("openid a unheard_of", {"openid", "a"}),
        ("openid unheard_of", {"openid"}),
        ("a unheard_of", None),
        ("unheard_of", None),
    ],
)
def test_unknown_scopes_are_ignored_beside_openid(scope: str, given: set[str] | None) -> None:
    """OIDC Core §3.1.2.1: authentication requests ignore unknown scopes; elsewhere they are invalid_scope."""
    access, client = RequestedAccess(MemoryResourceServers()), make_client(scopes=frozenset({"openid", "a"}))
    with pytest.raises(InvalidScope):
        access.decide(client, resource=None, scope=scope)
    if given is not None:
        assert access.decide(client, resource=None, scope=scope, ignores_unknown=True).scope == given
        return
    with pytest.raises(InvalidScope):
        access.decide(client, resource=None, scope=scope, ignores_unknown=True)


def test_openid_itself_is_not_ignored() -> None:
    """A client without openid cannot request authentication, and gets invalid_scope."""
    client = make_client(scopes=frozenset({"a"}))
    with pytest.raises(InvalidScope):
        RequestedAccess(MemoryResourceServers()).decide(client, resource=None, scope="openid a", ignores_unknown=True)


@pytest.mark.parametrize(("scope", "granted"), [("c", {"a"}), ("a c", {"a"}), (None, set[str]()), ("lost", {"lost"})])
def test_never_more_than_was_granted(scope: str | None, granted: set[str]) -> None:
    """The scope is within the grant, even if the client may have more otherwise (R43)."""
    with pytest.raises(InvalidScope):
        decide(scope, granted)


@pytest.mark.parametrize(
    ("registered", "requested"),
    [
        ("https://api.example", "https://api.example/"),
        ("https://api.example/", "https://api.example"),
        ("https://api.example:8443", "https://api.example:8443/"),
        ("http://localhost:3000", "http://localhost:3000/"),
        ("https://api.example?tenant=a", "https://api.example/?tenant=a"),
    ],
)
def test_an_empty_path_has_two_spellings(registered: str, requested: str) -> None:
    """RFC 3986 §6.2.3: URL libraries write an empty path as a slash; the token has the registered audience (R27)."""
    client = make_client(audiences=("https://other.example", registered))
    access = RequestedAccess(MemoryResourceServers()).decide(client, resource=requested, scope=None)
    assert access.audience == registered


@pytest.mark.parametrize(
    "requested",
    [
        *("https://api.example/v1", "https://api.example//", "https://api.example/?", "https://api.example/?x", ""),
        *("https://API.example/", "https://api.example:443/", "http://api.example/", "https://api.example.evil/"),
        *("https://api.example/#", "orders/", "https://api.example/%2f", "https://api.example\\/"),
    ],
)
def test_another_resource(requested: str) -> None:
    """R27: another host, port, path, query or case is another resource, and a slash ends no other identifier."""
    client = make_client(audiences=("https://api.example", "orders"))
    with pytest.raises(InvalidTarget):
        RequestedAccess(MemoryResourceServers()).decide(client, resource=requested, scope=None)


@pytest.mark.parametrize("requested", ["https://api.example", "https://api.example/"])
def test_two_audiences_that_differ_in_the_empty_path(requested: str) -> None:
    """R27: each of two such audiences is requested by its own spelling."""
    client = make_client(audiences=("https://api.example", "https://api.example/"))
    access = RequestedAccess(MemoryResourceServers()).decide(client, resource=requested, scope=None)
    assert access.audience == requested
