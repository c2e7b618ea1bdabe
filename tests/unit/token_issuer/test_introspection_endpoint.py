"""The introspection endpoint (RFC 7662, R48, R49)."""

from __future__ import annotations

import jwt
import pytest

from keyturn.domain.errors import StoreUnavailable
from keyturn.domain.revocations.revocation import Revocation, Target, TargetKind
from tests.fakes.issuer_harness import INTROSPECT, IssuerHarness, make_client
from tests.fakes.token_factory import AUDIENCE, ISSUER, NOW, make_token

INACTIVE = '{"active":false}'


def test_active_token(issuer: IssuerHarness) -> None:
    """The answer about an active token has exactly the members of RFC 7662 §2.2."""
    token = issuer.issue()
    answer = issuer.post(INTROSPECT, token=token)
    assert answer.status == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json == {
        "active": True,
        "scope": "orders:read orders:write",
        "client_id": "web",
        "token_type": "Bearer",
        "exp": NOW + 900,
        "iat": NOW,
        "sub": "web",
        "aud": AUDIENCE,
        "iss": ISSUER,
        "jti": jwt.decode(token, options={"verify_signature": False})["jti"],
    }


def test_caller_who_may_not_see(issuer: IssuerHarness) -> None:
    """A token of another client is inactive (R48)."""
    issuer.clients.add(make_client("other", introspects=frozenset({"https://two.example"})))
    answer = issuer.post(INTROSPECT, client_id="other", token=issuer.issue())
    assert (answer.status, answer.body) == (200, INACTIVE)


def test_resource_server(issuer: IssuerHarness) -> None:
    """A client that represents a resource server can introspect the tokens for it (RFC 7662 §2.1)."""
    issuer.clients.add(make_client("api", introspects=frozenset({AUDIENCE})))
    assert issuer.is_active(issuer.issue(), client_id="api")


@pytest.mark.parametrize("kind", [kind for kind in TargetKind if kind is not TargetKind.GLOBAL])
def test_every_target_counts(issuer: IssuerHarness, kind: TargetKind) -> None:
    """A token is inactive once its jti, grant, session, subject or client is revoked (R47, R49)."""
    claims = {"client_id": "web", "sub": "u_1", "gid": "g1", "sid": "s1", "jti": "j1"}
    identifiers = {
        TargetKind.TOKEN: "j1",
        TargetKind.GRANT: "g1",
        TargetKind.SESSION: "s1",
        TargetKind.SUBJECT: "u_1",
        TargetKind.CLIENT: "web",
        TargetKind.PAIR: "u_1#web",
    }
    token = make_token(claims=claims)
    assert issuer.is_active(token)
    revocation = Revocation(Target.of(kind, identifiers[kind]), not_before=NOW, expires_at=NOW + 1000)
    issuer.revocations.revoke(revocation, reason="test", actor="test")
    assert issuer.post(INTROSPECT, token=token).body == INACTIVE


def test_everything_is_revoked(issuer: IssuerHarness) -> None:
    """A global revocation applies to tokens up to its second, and to none after it (R49)."""
    before, after = make_token(claims={"iat": NOW}), make_token(claims={"iat": NOW + 1})
    revocation = Revocation(Target.of(TargetKind.GLOBAL, "0"), not_before=NOW, expires_at=NOW + 1000)
    issuer.revocations.revoke(revocation, reason="test", actor="test")
    assert [issuer.is_active(token) for token in (before, after)] == [False, True]


@pytest.mark.parametrize(("age", "active"), [(899, True), (900, False)])
def test_expiry(issuer: IssuerHarness, age: int, active: bool) -> None:
    """R48, RFC 7662 §4: a token is active until its exp; the leeway is for the clocks of resource servers."""
    token = issuer.issue()
    issuer.clock.seconds = NOW + age
    assert issuer.is_active(token) is active


def test_token_that_may_be_over(issuer: IssuerHarness) -> None:
    """A token that has expired by the late end of the present is inactive."""
    token = issuer.issue()
    issuer.clock.seconds, issuer.clock.spread = NOW + 899, 1.0
    assert not issuer.is_active(token)


def test_revocation_that_may_still_count(issuer: IssuerHarness) -> None:
    """A revocation applies while it has not expired by the early end of the present."""
    token = issuer.issue()
    revocation = Revocation(Target.of(TargetKind.CLIENT, "web"), not_before=NOW, expires_at=NOW + 1)
    issuer.revocations.revoke(revocation, reason="test", actor="test")
    issuer.clock.spread = 1.0
    assert not issuer.is_active(token)


@pytest.mark.parametrize("takes", [0.4, 3.0])
def test_a_slow_store_makes_no_revoked_token_active_at_its_end(issuer: IssuerHarness, takes: float) -> None:
    """R47, R48: a revocation that expires while the store answers still applies to an unexpired token."""
    token = issuer.issue()
    revocation = Revocation(Target.of(TargetKind.CLIENT, "web"), not_before=NOW, expires_at=NOW + 900)
    issuer.revocations.revoke(revocation, reason="test", actor="test")
    issuer.clock.seconds = NOW + 899.9
    issuer.revocations.before = lambda: issuer.clock.pause(takes)
    assert not issuer.is_active(token)


def test_missing_token(issuer: IssuerHarness) -> None:
    """A request without a token is invalid_request."""
    answer = issuer.post(INTROSPECT)
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")


def test_revocations_that_cannot_be_read(issuer: IssuerHarness) -> None:
    """A token whose revocations cannot be read gets 503 instead of an answer."""
    token = issuer.issue()
    issuer.revocations.fault = StoreUnavailable("one key unprocessed")
    answer = issuer.post(INTROSPECT, token=token)
    assert (answer.status, answer.json["error"]) == (503, "temporarily_unavailable")
