"""Registered resource servers: their effect on tokens, and how long the issuer caches them (R26, R27)."""

from __future__ import annotations

from typing import Any

import jwt
import pytest

from keyturn.domain.clients.resource_server import ResourceServer
from keyturn.domain.errors import AccessDenied, ItemDamaged, StoreUnavailable, Throttled
from keyturn.domain.keys.key_ring import KeyState
from tests.fakes.issuer_harness import TOKEN, Answer, IssuerHarness, make_client
from tests.fakes.stub_key_ring import ring_of
from tests.fakes.token_factory import AUDIENCE, NOW, signing_key
from tests.fakes.user_flow import claims_of


def make_server(**changes: Any) -> ResourceServer:
    """Return the resource server of AUDIENCE, with changes."""
    fields: dict[str, Any] = {"audience": AUDIENCE, "name": "Orders", "scopes": frozenset({"orders:read", "other"})}
    return ResourceServer(**fields | changes)


def ask(issuer: IssuerHarness, client_id: str = "web", **parameters: str) -> Answer:
    """Return the answer to a token request."""
    return issuer.post(TOKEN, client_id=client_id, grant_type="client_credentials", **parameters)


def test_nothing_asked_is_what_both_know(issuer: IssuerHarness) -> None:
    """The default scope has the client's scopes that the resource server knows, and the answer lists them (R26)."""
    issuer.resource_servers.add(make_server())
    answer = ask(issuer)
    assert answer.json["scope"] == claims_of(answer.json["access_token"])["scope"] == "orders:read"


@pytest.mark.parametrize("scope", ["orders:write", "orders:read orders:write", "other"])
def test_asked_for_more(issuer: IssuerHarness, scope: str) -> None:
    """A scope that the resource server or the client lacks is invalid_scope, even beside valid ones (R26)."""
    issuer.resource_servers.add(make_server())
    answer = ask(issuer, scope=scope)
    assert (answer.status, answer.json["error"]) == (400, "invalid_scope")
    assert issuer.signer.asked == []


@pytest.mark.parametrize("scopes", [frozenset[str](), frozenset({"other"})])
def test_no_scope_left(issuer: IssuerHarness, scopes: frozenset[str]) -> None:
    """A client that shares no scope with the resource server gets invalid_scope instead of an unlimited token (R26)."""
    issuer.resource_servers.add(make_server(scopes=scopes))
    answer = ask(issuer)
    assert (answer.status, answer.json["error"]) == (400, "invalid_scope")


def test_bounds_its_own_audience_alone(issuer: IssuerHarness) -> None:
    """The registration of one resource server does not affect tokens for another (R27)."""
    issuer.resource_servers.add(make_server(access_token_lifetime=60))
    issuer.clients.add(make_client("both", audiences=(AUDIENCE, "https://two.example")))
    answer = ask(issuer, "both", resource="https://two.example")
    assert (answer.json["scope"], answer.json["expires_in"]) == ("orders:read orders:write", 900)


@pytest.mark.parametrize(
    ("client", "server", "expected"),
    [
        (None, None, 900),
        (120, None, 120),
        (None, 60, 60),
        (120, 60, 60),
        (60, 120, 60),
        (1800, None, 1800),
        (1800, 3600, 1800),
        (None, 3600, 2000),
    ],
)
def test_lifetime(monkeypatch: pytest.MonkeyPatch, client: int | None, server: int | None, expected: int) -> None:
    """The shortest registered lifetime applies, else the issuer's own, at most the maximum of verifiers (R28)."""
    issuer = IssuerHarness(monkeypatch, MAX_TOKEN_LIFETIME_SECONDS="2000")
    issuer.clients.add(make_client("one", access_token_lifetime=client))
    issuer.resource_servers.add(make_server(access_token_lifetime=server))
    answer = ask(issuer, "one")
    claims = claims_of(answer.json["access_token"])
    assert answer.json["expires_in"] == claims["exp"] - claims["iat"] == expected


def test_its_algorithm_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """The ring of the registered algorithm signs, and takes precedence over the stack's parameter."""
    issuer = IssuerHarness(monkeypatch, AUDIENCE_ALGORITHMS=f"{AUDIENCE}=PS256")
    rings = []
    for name in ("PS256", "Ed25519"):
        key = signing_key(name)
        issuer.signer.keys[key.kid] = key
        rings.append(ring_of(key).replace(name=name))
    issuer.rings.others = tuple(rings)
    assert jwt.get_unverified_header(issuer.issue())["alg"] == "PS256"
    issuer.resource_servers.add(make_server(algorithm="Ed25519"))
    issuer.wall += 60
    assert jwt.get_unverified_header(issuer.issue())["alg"] == "Ed25519"


def test_a_ring_that_does_not_sign_yet_leaves_it_to_the_default_one(issuer: IssuerHarness) -> None:
    """The default ring signs while the ring of the registered algorithm has no active key."""
    added = ring_of(signing_key("Ed25519")).replace(name="Ed25519")
    issuer.rings.others = (added.replace(keys=[added.keys[0].replace(state=KeyState.PRE_ACTIVATION)]),)
    issuer.resource_servers.add(make_server(algorithm="Ed25519"))
    assert jwt.get_unverified_header(issuer.issue())["alg"] == "ES256"


def test_declared_claims_and_no_others(issuer: IssuerHarness) -> None:
    """A token has the custom claims that its resource server declares and the client has values for (R28)."""
    values = {"tenant": "acme", "tier": 3, "roles": ["a", "b"], "internal": True}
    issuer.clients.add(make_client("one", claims=values))
    before = claims_of(issuer.issue("one"))
    assert not before.keys() & values.keys()
    issuer.wall += 60
    issuer.resource_servers.add(make_server(claims=frozenset({"tenant", "roles", "unknown"})))
    after = claims_of(issuer.issue("one"))
    assert after.keys() - before.keys() == {"tenant", "roles"}
    assert (after["tenant"], after["roles"]) == ("acme", ["a", "b"])


def test_an_audience_is_read_once_a_minute(issuer: IssuerHarness) -> None:
    """A warm request uses cached resource servers, registered or not; a change applies within a minute (P10)."""
    reads: list[int] = []
    for moment in (0, 59, 60, 119, 120):
        issuer.wall, issuer.monotonic = 5000.0 + moment, 100.0 + moment
        issuer.issue()
        if not reads:
            issuer.resource_servers.add(make_server())
        reads.append(len(issuer.resource_servers.reads))
    assert reads == [1, 1, 2, 2, 3]
    assert ask(issuer).json["scope"] == "orders:read"


@pytest.mark.parametrize(("clock", "passed"), [("wall", 60), ("monotonic", 60), ("wall", -1)])
def test_the_larger_elapsed_time_counts(issuer: IssuerHarness, clock: str, passed: float) -> None:
    """A sandbox that was frozen, or whose clock was set back, reads again."""
    issuer.issue()
    setattr(issuer, clock, getattr(issuer, clock) + passed)
    issuer.issue()
    assert len(issuer.resource_servers.reads) == 2


@pytest.mark.parametrize(("passed", "reads"), [(60, 1), (61, 2), (86_400, 2)])
def test_the_date_of_a_later_answer_counts(issuer: IssuerHarness, passed: int, reads: int) -> None:
    """The Date of another answer shows the age of a registration while both clocks are frozen."""
    issuer.date = NOW
    issuer.issue()
    issuer.date = NOW + passed
    issuer.issue()
    issuer.issue()
    assert len(issuer.resource_servers.reads) == reads


@pytest.mark.parametrize("fault", [StoreUnavailable("down"), Throttled("slow down")])
def test_an_outage_leaves_what_was_known(
    issuer: IssuerHarness, capsys: pytest.CaptureFixture[str], fault: Exception
) -> None:
    """During an outage a cached registration stays in use and the log says so; an unread one is a fault."""
    issuer.resource_servers.add(make_server())
    issuer.issue()
    issuer.resource_servers.fault = fault
    issuer.wall += 3600
    assert ask(issuer).json["scope"] == "orders:read"
    assert "resource_server_not_renewed" in capsys.readouterr().out
    issuer.clients.add(make_client("two", audiences=("https://two.example",)))
    assert ask(issuer, "two").status == 503


@pytest.mark.parametrize("fault", [ItemDamaged("no version"), AccessDenied("dynamodb:GetItem")])
def test_a_damaged_registration_is_closed(issuer: IssuerHarness, fault: Exception) -> None:
    """A damaged registration issues no token by its cached version: the fault is permanent, unlike an outage."""
    issuer.issue()
    issuer.resource_servers.fault = fault
    issuer.wall += 60
    assert ask(issuer).status == 500
