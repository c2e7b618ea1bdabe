"""The decision: verified, not revoked, with the scopes of the route."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from authorizer.refusal import Forbidden, Refused, Unauthorized
from authorizer.request import AuthorizerRequest, parse_request
from keyturn.domain.errors import ItemDamaged, KeyturnError, StoreUnavailable, Throttled
from keyturn.domain.revocations.revocation import GLOBAL_COPIES, Revocation, Target, TargetKind
from keyturn.jose import TokenErrorReason
from keyturn.jose.verification_key import EcdsaKey
from tests.fakes.authorizer_events import KINDS, authorizer_event
from tests.fakes.stub_key_ring import ring_of
from tests.fakes.token_factory import ABSENT, NOW, good_claims, make_token, signing_key

if TYPE_CHECKING:
    from tests.unit.authorizer.conftest import AuthorizerWorld

CLAIMS = good_claims()


def request_with(token: str, method: str = "GET", path: str = "/reports", kind: str = "http_2.0") -> AuthorizerRequest:
    template = path.replace("/7", "/{id}")
    return parse_request(authorizer_event(kind, token, method=method, path=path, template=template))


def refusal_of(world: AuthorizerWorld, request: AuthorizerRequest) -> Refused:
    with pytest.raises(Refused) as raised:
        world.authorize(request)
    return raised.value


def revocation(
    kind: TargetKind,
    identifier: str,
    *,
    not_before: int | None = None,
    kids: tuple[str, ...] = (),
    expires_at: int = NOW + 3600,
) -> Revocation:
    return Revocation(Target.of(kind, identifier), expires_at=expires_at, not_before=not_before, compromised_kids=kids)


@pytest.mark.parametrize("kind", KINDS)
def test_good_token_opens_its_route(world: AuthorizerWorld, token: str, kind: str) -> None:
    """A verified token, not revoked, with the scopes of the route, is the answer."""
    verified = world.authorize(request_with(token, kind=kind))
    assert (verified.subject, verified.jti) == (CLAIMS["sub"], CLAIMS["jti"])


@pytest.mark.parametrize(
    ("raw", "reason", "kid"),
    [
        ("not-a-token", TokenErrorReason.INVALID_TOKEN, None),
        (make_token(claims={"exp": NOW - 10}), None, signing_key().kid),
        (make_token(claims={"iss": "https://other.example"}), TokenErrorReason.INVALID_ISSUER, signing_key().kid),
        (make_token(claims={"aud": "https://other.example"}), TokenErrorReason.INVALID_AUDIENCE, signing_key().kid),
        (make_token(header={"typ": "JWT"}), TokenErrorReason.INVALID_TYPE, signing_key().kid),
        (make_token(header={"kid": "unknown"}), TokenErrorReason.UNKNOWN_KEY, "unknown"),
        (make_token(header={"kid": "../../etc"}), TokenErrorReason.INVALID_HEADER, None),
        (make_token(header={"kid": "a\r\nb"}), TokenErrorReason.INVALID_HEADER, None),
        (make_token()[:-4] + "AAAA", TokenErrorReason.INVALID_SIGNATURE, signing_key().kid),
    ],
    ids=["form", "expired", "issuer", "audience", "type", "unknown kid", "path kid", "crlf kid", "signature"],
)
def test_bad_token_is_unauthorized(
    world: AuthorizerWorld, raw: str, reason: TokenErrorReason | None, kid: str | None
) -> None:
    """R04 to R16: a token that does not verify is refused for the verifier's reason; a kid of safe form is logged."""
    refusal = refusal_of(world, request_with(raw))
    assert isinstance(refusal, Unauthorized)
    assert reason is None or refusal.reason == reason.value
    assert (refusal.kid, refusal.token) == (kid, None)
    assert world.revocations.asked == []


def test_no_verdict_outlives_the_token(world: AuthorizerWorld, token: str) -> None:
    """R19, A22: a token that was just allowed is refused from its end and the leeway on: nothing is remembered."""
    request = request_with(token)
    end = CLAIMS["exp"] + 10
    for now in (NOW, end - 1):
        world.now = now
        assert world.authorize(request).jti == CLAIMS["jti"]
    world.now = end
    assert refusal_of(world, request).reason == TokenErrorReason.TOKEN_EXPIRED.value


def test_sender_constrained_token_is_no_bearer_token(world: AuthorizerWorld) -> None:
    """A token with cnf that is presented as a bearer token is refused: nobody has proven its key (RFC 9449 §7.2)."""
    bound = make_token(claims={"scope": "reports:read", "cnf": {"jkt": "x"}})
    refusal = refusal_of(world, request_with(bound))
    assert isinstance(refusal, Unauthorized)
    assert (refusal.reason, refusal.kid) == ("sender_constrained", signing_key().kid)


def test_no_io_for_a_request_without_credentials(world: AuthorizerWorld) -> None:
    """P3: a request without a token of the right form reads nothing."""
    refusal_of(world, request_with("a b"))
    assert (world.ring.reads, world.revocations.asked) == (0, [])


def test_flood_of_unknown_kids_reads_once(world: AuthorizerWorld) -> None:
    """R07: unknown kids cause no read beyond the one that the bound asks for."""
    for number in range(50):
        refusal = refusal_of(world, request_with(make_token(header={"kid": f"unknown-{number}"})))
        assert refusal.reason == TokenErrorReason.UNKNOWN_KEY.value
    assert world.ring.reads == 1


def test_every_request_asks_for_every_target(world: AuthorizerWorld) -> None:
    """R47, P8: in strict mode each decision is one read of all of the token's targets and a copy of global."""
    claims = {"scope": "reports:read", "sid": "s1", "gid": "g1"}
    for _ in range(2):
        world.authorize(request_with(make_token(claims=claims)))
    first, second = world.revocations.asked
    assert first == second
    kinds = {target.kind: target.identifier for target in first}
    assert kinds.keys() == set(TargetKind)
    assert (kinds[TargetKind.SESSION], kinds[TargetKind.GRANT]) == ("s1", "g1")


@pytest.mark.parametrize(
    "stored",
    [
        revocation(TargetKind.TOKEN, CLAIMS["jti"]),
        revocation(TargetKind.SESSION, "s1"),
        revocation(TargetKind.GRANT, "g1"),
        revocation(TargetKind.SUBJECT, CLAIMS["sub"], not_before=NOW),
        revocation(TargetKind.CLIENT, CLAIMS["client_id"], not_before=NOW),
    ],
)
def test_revoked_token_is_unauthorized(world: AuthorizerWorld, stored: Revocation) -> None:
    """R47, R49: a revocation of token, session, grant, subject or client refuses the token on the next request."""
    request = request_with(make_token(claims={"scope": "reports:read", "sid": "s1", "gid": "g1"}))
    world.authorize(request)
    world.revoke(stored)
    refusal = refusal_of(world, request)
    assert isinstance(refusal, Unauthorized)
    assert refusal.reason == "revoked"
    assert refusal.token is not None


@pytest.mark.parametrize("takes", [0.4, 3.0, 600.0])
@pytest.mark.parametrize("kind", [*TargetKind])
def test_a_slow_store_lets_no_revoked_token_pass_at_its_end(
    world: AuthorizerWorld, kind: TargetKind, takes: float
) -> None:
    """R47: a decision has one present: a token that is verified in time meets its revocation after a slow read."""
    end = CLAIMS["exp"] + 10
    token = make_token(claims={"scope": "reports:read", "sid": "s1", "gid": "g1"})
    named = {kind: CLAIMS["jti"], TargetKind.SESSION: "s1", TargetKind.GRANT: "g1"} | {
        TargetKind.SUBJECT: CLAIMS["sub"],
        TargetKind.CLIENT: CLAIMS["client_id"],
        TargetKind.PAIR: f"{CLAIMS['sub']}#{CLAIMS['client_id']}",
    }
    copies = range(GLOBAL_COPIES) if kind is TargetKind.GLOBAL else [named[kind]]
    world.revoke(*(revocation(kind, str(each), not_before=NOW, expires_at=end) for each in copies))
    world.now = end - 0.1

    def pass_time() -> None:
        world.now += takes

    world.revocations.before = pass_time
    assert refusal_of(world, request_with(token)).reason == "revoked"
    assert refusal_of(world, request_with(token)).reason == TokenErrorReason.TOKEN_EXPIRED.value


@pytest.mark.parametrize("copy", range(GLOBAL_COPIES))
def test_global_revocation_hits_by_every_copy(world: AuthorizerWorld, copy: int) -> None:
    """R47, R49: a compromised kid, or a global revocation, refuses tokens by any copy of global."""
    jti = "A" * (copy + 1) + "B"
    request = request_with(make_token(claims={"scope": "reports:read", "jti": jti}))
    cuts: tuple[dict[str, Any], ...] = ({"kids": (signing_key().kid,)}, {"not_before": NOW})
    for changes in cuts:
        world.authorize(request)
        world.revoke(*(revocation(TargetKind.GLOBAL, str(number), **changes) for number in range(GLOBAL_COPIES)))
        assert refusal_of(world, request).reason == "revoked"
        world.revoke()


def test_cut_spares_what_was_issued_after_it(world: AuthorizerWorld, token: str) -> None:
    """R49: a subject's cut refuses iat ≤ T, and a token of T + 1 passes."""
    cut = revocation(TargetKind.SUBJECT, CLAIMS["sub"], not_before=NOW - 1)
    world.revoke(cut)
    world.authorize(request_with(token))


def test_other_tokens_revocation_does_not_hit(world: AuthorizerWorld, token: str) -> None:
    """R50: revocations of others, and one that has run out, leave the token alone."""
    expired = Revocation(Target.of(TargetKind.TOKEN, CLAIMS["jti"]), expires_at=NOW)
    world.revoke(revocation(TargetKind.TOKEN, "another"), expired)
    world.authorize(request_with(token))


@pytest.mark.parametrize("fault", [StoreUnavailable("x"), Throttled("x"), ItemDamaged("x")])
def test_unanswered_revocations_are_a_fault(world: AuthorizerWorld, token: str, fault: KeyturnError) -> None:
    """R47, R57: without an answer about revocations there is no decision: the fault is passed on as it is."""
    world.revocations.fault = fault
    with pytest.raises(type(fault)):
        world.authorize(request_with(token))


@pytest.mark.parametrize("fault", [StoreUnavailable("x"), ItemDamaged("x")])
def test_unread_keys_are_a_fault(world: AuthorizerWorld, token: str, fault: KeyturnError) -> None:
    """R57: without keys there is neither an allow nor a deny."""
    world.ring.fault = fault
    with pytest.raises(type(fault)):
        world.authorize(request_with(token))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("method", "path", "reason"),
    [
        ("POST", "/reports", "insufficient_scope"),
        ("GET", "/reports/7", "insufficient_scope"),
        ("DELETE", "/reports", "no_rule"),
        ("GET", "/other", "no_rule"),
    ],
)
def test_token_without_the_scope_is_forbidden(
    world: AuthorizerWorld, token: str, kind: str, method: str, path: str, reason: str
) -> None:
    """A token without the route's scopes, and any token on a route without a rule, is forbidden (403)."""
    refusal = refusal_of(world, request_with(token, method, path, kind))
    assert isinstance(refusal, Forbidden)
    assert refusal.reason == reason
    assert refusal.token is not None


@pytest.mark.parametrize(("department", "reason"), [("it", None), ("sales", "insufficient_claims")])
def test_a_claim_opens_a_route_as_a_scope_does(world: AuthorizerWorld, department: str, reason: str | None) -> None:
    """A route whose rule needs a claim is forbidden to a token that has another value of it."""
    request = request_with(make_token(claims={"department": department}), path="/staff")
    if reason is None:
        assert world.authorize(request).claims["department"] == department
    else:
        refusal = refusal_of(world, request)
        assert isinstance(refusal, Forbidden)
        assert (refusal.reason, refusal.kid) == (reason, signing_key().kid)


def test_token_without_any_scope_opens_what_asks_for_none(world: AuthorizerWorld) -> None:
    """A token without a scope opens exactly the routes that require none."""
    token = make_token(claims={"scope": ABSENT})
    assert refusal_of(world, request_with(token)).reason == "insufficient_scope"
    assert world.authorize(request_with(token, path="/me")).scope == frozenset()


def test_a_repeated_token_meets_every_check_but_its_signatures(
    world: AuthorizerWorld, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R19, A22: from the third request on, a token costs no signature check, and is refused as ever."""
    for _ in range(2):
        world.authorize(request_with(token))
    monkeypatch.setattr(EcdsaKey, "_is_valid", None)
    assert world.authorize(request_with(token)).jti == CLAIMS["jti"]
    assert refusal_of(world, request_with(token, "POST")).reason == "insufficient_scope"
    world.revocations.store(revocation(TargetKind.SUBJECT, CLAIMS["sub"], not_before=NOW))
    assert refusal_of(world, request_with(token)).reason == "revoked"
    world.now = float(CLAIMS["exp"] + 10)
    assert refusal_of(world, request_with(token)).reason == "token_expired"


def test_an_unchanged_ring_keeps_what_was_verified_by_it(
    world: AuthorizerWorld, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reread ring that is equal leaves a token remembered, and a ring without its key refuses the token."""
    for _ in range(2):
        world.authorize(request_with(token))
    monkeypatch.setattr(EcdsaKey, "_is_valid", None)
    world.now += 10
    world.authorize(request_with(token))
    assert world.ring.reads == 2
    world.ring.ring = ring_of(signing_key("ES256", "second"))
    world.now += 10
    assert refusal_of(world, request_with(token)).reason == TokenErrorReason.UNKNOWN_KEY.value


def test_a_bound_token_is_refused_each_time(world: AuthorizerWorld) -> None:
    """RFC 9449 §7.2: a remembered token with `cnf` is as foreign as at its first request."""
    request = request_with(make_token(claims={"cnf": {"jkt": "x"}}))
    assert [refusal_of(world, request).reason for _ in range(4)] == ["sender_constrained"] * 4
