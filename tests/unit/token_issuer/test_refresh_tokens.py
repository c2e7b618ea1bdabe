"""Refresh tokens at the token endpoint: each is used once for the next one, and revocations end all of them."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from keyturn.domain.clients.client import MAX_REFRESH_LIFETIME
from keyturn.domain.errors import StoreUnavailable, Throttled
from keyturn.domain.grants.grant import GRACE
from keyturn.domain.grants.grant_credentials import parse_refresh_token
from keyturn.domain.revocations.revocation import CUTOFF_KINDS, Revocation, Target, TargetKind
from keyturn.domain.revocations.revocation_expiry import revocation_expiry
from keyturn.jose import verify_access_token
from tests.fakes.issuer_harness import INTROSPECT, REVOKE, SECRET, TOKEN, StubSuccessorKey
from tests.fakes.token_factory import AUDIENCE, ISSUER, NOW, policy
from tests.fakes.user_flow import SUBJECT, UserFlow, claims_of, error_of, gid_of, keys, user_client


@pytest.fixture
def flow(monkeypatch: pytest.MonkeyPatch) -> UserFlow:
    return UserFlow(monkeypatch)


KMS_AWAY = [Throttled("KMS"), StoreUnavailable("KMS"), PermissionError("KMS")]


def test_a_refresh_token_gives_the_next_one(flow: UserFlow) -> None:
    """R38: the answer has an access token of the same grant, an ID token without nonce, and the next refresh token."""
    first = flow.log_in()
    flow.clock.seconds += 100
    second = flow.refresh(first["refresh_token"]).json
    assert second["refresh_token"] != first["refresh_token"]
    assert gid_of(second["refresh_token"]) == gid_of(first["refresh_token"])
    token = verify_access_token(second["access_token"], keys(flow), policy(), NOW + 100)
    assert (token.subject, token.issued_at, token.claims["auth_time"]) == (SUBJECT, NOW + 100, NOW)
    claims = claims_of(second["id_token"])
    assert (claims["sub"], claims["auth_time"], claims["iat"], "nonce" in claims) == (
        SUBJECT,
        NOW,
        NOW + 100,
        False,
    )
    assert flow.refresh(second["refresh_token"]).status == 200


def test_a_lost_answer_is_given_again_and_nothing_forks(flow: UserFlow) -> None:
    """R40: the same token within the grace period gets the same successor; both access tokens belong to one grant."""
    first = flow.log_in()["refresh_token"]
    flow.clock.seconds += 100
    one = flow.refresh(first).json
    flow.clock.seconds += GRACE
    other = flow.refresh(first).json
    assert one["refresh_token"] == other["refresh_token"]
    assert one["access_token"] != other["access_token"]
    assert flow.revocations.writes == []


@pytest.mark.parametrize(
    ("rotated", "later", "status"),
    [((0, 0), (30, 0), 200), ((0, 0), (31, 0), 400), ((0, 5), (31, 0), 400), ((0, 0), (29.5, 1), 400)],
)
def test_a_lost_answer_is_given_again_for_thirty_seconds(
    flow: UserFlow, rotated: tuple[float, float], later: tuple[float, float], status: int
) -> None:
    """R40: the grace period is 30 s, from the early end of one present to the late end of the other."""
    first = flow.log_in()["refresh_token"]
    for (seconds, spread), expected in ((rotated, 200), (later, status)):
        flow.clock.seconds, flow.clock.spread = NOW + seconds, spread
        assert flow.refresh(first).status == expected
    assert len(flow.revocations.writes) == (status == 400)


def test_reuse_ends_the_grant_and_its_access_tokens(flow: UserFlow) -> None:
    """R39: after the grace period the old token ends the grant: the successor and every access token at the gateway."""
    first = flow.log_in()
    second = flow.refresh(first["refresh_token"]).json
    flow.clock.seconds += GRACE + 1
    assert error_of(flow.refresh(first["refresh_token"])) == (400, "invalid_grant")
    assert error_of(flow.refresh(second["refresh_token"])) == (400, "invalid_grant")
    for tokens in (first, second):
        assert not flow.is_active(tokens["access_token"], "app")
    assert [(reason, actor) for _, reason, actor in flow.revocations.writes] == [("refresh_token_reuse", "client:app")]


def test_an_end_that_could_not_be_written_is_a_503_and_comes_again(flow: UserFlow) -> None:
    """R39: a revocation that could not be stored is a 503, and the same request stores it later."""
    first = flow.log_in()["refresh_token"]
    flow.refresh(first)
    flow.clock.seconds += GRACE + 1
    flow.revocations.fault = StoreUnavailable("away")
    assert flow.refresh(first).status == 503
    flow.revocations.fault = None
    assert error_of(flow.refresh(first)) == (400, "invalid_grant")
    assert len(flow.revocations.writes) == 1


@pytest.mark.parametrize("fault", KMS_AWAY)
@pytest.mark.parametrize("after", [1, GRACE + 1, 2000])
def test_an_outage_costs_no_user_the_grant(flow: UserFlow, fault: Exception, after: int) -> None:
    """R40: an outage of KMS and repeated requests leave the refresh token as it was."""
    first = flow.log_in()["refresh_token"]
    before = dict(flow.grants.stored)
    flow.signer.fault = fault
    for _ in range(2):
        assert flow.refresh(first).status in (500, 503)
        flow.clock.seconds += after
    assert flow.grants.stored == before
    flow.signer.fault = None
    second = flow.refresh(first)
    assert second.status == 200
    assert flow.refresh(second.json["refresh_token"]).status == 200
    assert flow.revocations.writes == []


def test_an_end_that_was_not_acknowledged_is_written_again(flow: UserFlow) -> None:
    """R47: a repeated request writes the revocation again: its first writer may have died before a snapshot read it."""
    token = flow.log_in()["refresh_token"]
    flow.revocations.store(Revocation(Target.of(TargetKind.GRANT, gid_of(token)), expires_at=NOW + 99_999))
    for _ in range(2):
        assert flow.post(REVOKE, client_id="app", token=token).status == 200
    assert [each.target.kind for each, _, _ in flow.revocations.writes] == [TargetKind.GRANT]


@pytest.mark.parametrize("after", [1, GRACE + 1])
def test_a_rotated_token_is_its_clients_alone_too(flow: UserFlow, after: int) -> None:
    """R42: another client gets invalid_grant for a rotated token, and cannot end the grant after the grace period."""
    first = flow.log_in()["refresh_token"]
    second = flow.refresh(first).json["refresh_token"]
    flow.clock.seconds += after
    assert error_of(flow.refresh(first, client_id="other")) == (400, "invalid_grant")
    assert flow.revocations.writes == []
    assert flow.refresh(second).status == 200


def test_a_rotated_token_is_reuse_after_the_idle_end_too(flow: UserFlow) -> None:
    """R44: a rotated token is reuse after the idle end too: its holder may still have an access token."""
    first = flow.log_in()["refresh_token"]
    stolen = flow.refresh(first).json["access_token"]
    flow.clock.seconds += 5001
    assert error_of(flow.refresh(first)) == (400, "invalid_grant")
    assert [reason for _, reason, _ in flow.revocations.writes] == ["refresh_token_reuse"]
    assert not flow.is_active(stolen, "app")


def test_a_refresh_token_is_its_clients_alone(flow: UserFlow) -> None:
    """R42: another client, and the client without its secret, are refused, and cannot end the grant."""
    token = flow.log_in()["refresh_token"]
    assert error_of(flow.refresh(token, client_id="other")) == (400, "invalid_grant")
    answer = flow.post(TOKEN, client_id="app", secret="wrong", grant_type="refresh_token", refresh_token=token)
    assert error_of(answer) == (401, "invalid_client")
    assert flow.refresh(token).status == 200


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"scope": "orders:read"}, (200, "orders:read")),
        ({"scope": "orders:read openid"}, (200, "openid orders:read")),
        ({"scope": "orders:write"}, (400, "invalid_scope")),
        ({"scope": "a  b"}, (400, "invalid_scope")),
        ({"resource": AUDIENCE}, (200, "email openid orders:read")),
        ({"resource": "https://other.example"}, (400, "invalid_target")),
    ],
)
def test_a_refresh_asks_for_less_and_never_for_more(
    flow: UserFlow, parameters: dict[str, str], expected: tuple[int, str]
) -> None:
    """R43: a narrower scope applies to this token only; a wider scope is refused and leaves the token valid."""
    token = flow.log_in()["refresh_token"]
    answer = flow.refresh(token, **parameters)
    assert (answer.status, answer.json.get("scope", answer.json.get("error"))) == expected
    assert ("id_token" in answer.json) == ("openid" in expected[1])
    again = flow.refresh(answer.json["refresh_token"] if answer.status == 200 else token)
    assert again.json["scope"] == "email openid orders:read"


def test_a_parent_is_consumed_whatever_became_of_its_access_token(flow: UserFlow) -> None:
    """R44: a refresh token is used once, even long after its access token has expired or was revoked."""
    first = flow.log_in()
    flow.post(REVOKE, client_id="app", token=first["access_token"])
    flow.clock.seconds += 4000
    assert flow.refresh(first["refresh_token"]).status == 200
    flow.clock.seconds += GRACE + 1
    assert error_of(flow.refresh(first["refresh_token"])) == (400, "invalid_grant")
    assert flow.revocations.writes[-1][1] == "refresh_token_reuse"


def test_a_registration_that_was_narrowed_counts(flow: UserFlow) -> None:
    """R43: an old grant gives only what the client's present registration allows."""
    token = flow.log_in()["refresh_token"]
    client = flow.clients.get("app")
    assert client is not None
    flow.clients.remove("app")
    flow.clients.add(user_client(scopes=frozenset({"openid"})))
    assert flow.refresh(token).json["scope"] == "openid"


def test_idle_and_absolute_ends(flow: UserFlow) -> None:
    """R43: an unused token expires after its idle time, a used one with its grant; a late use is not reuse."""
    idle = flow.log_in()["refresh_token"]
    used = flow.log_in()["refresh_token"]
    for _ in range(4):
        flow.clock.seconds += 4900
        used = flow.refresh(used).json["refresh_token"]
    assert error_of(flow.refresh(idle)) == (400, "invalid_grant")
    flow.clock.seconds += 400
    assert error_of(flow.refresh(used)) == (400, "invalid_grant")
    assert flow.revocations.writes == []


def test_the_idle_time_begins_again_with_each_use(flow: UserFlow) -> None:
    """R43: the successor of a token has its own idle time, which may end before the grant does."""
    token = flow.log_in()["refresh_token"]
    flow.clock.seconds, flow.clock.spread = NOW + 100, 1.5
    token = flow.refresh(token).json["refresh_token"]
    flow.clock.seconds, flow.clock.spread = NOW + 5100, 0
    assert error_of(flow.refresh(token)) == (400, "invalid_grant")
    flow.clock.seconds = NOW + 5099
    assert flow.refresh(token).status == 200


@pytest.mark.parametrize(("spread", "good"), [(0.5, True), (1.5, False)])
def test_a_refresh_token_that_may_be_over_is(flow: UserFlow, spread: float, good: bool) -> None:
    """R43, R48: an expiry by the late end of the present counts, at the token endpoint and at introspection."""
    token = flow.log_in()["refresh_token"]
    flow.clock.seconds, flow.clock.spread = NOW + 4998.5, spread
    assert flow.is_active(token, "app") is good
    assert flow.refresh(token).status == (200 if good else 400)


@pytest.mark.parametrize("kind", [kind for kind in TargetKind if kind is not TargetKind.TOKEN])
def test_every_revocation_ends_the_refresh_token(flow: UserFlow, kind: TargetKind) -> None:
    """R47, R49: a revoked grant or session, a cutoff of user, client or pair, and a global one end refresh tokens."""
    tokens = flow.log_in()
    identifiers = {
        TargetKind.GRANT: gid_of(tokens["refresh_token"]),
        TargetKind.SESSION: "s1",
        TargetKind.SUBJECT: SUBJECT,
        TargetKind.CLIENT: "app",
        TargetKind.PAIR: f"{SUBJECT}#app",
        TargetKind.GLOBAL: "0",
    }
    not_before = NOW if kind in CUTOFF_KINDS else None
    flow.revocations.store(Revocation(Target.of(kind, identifiers[kind]), expires_at=NOW + 9000, not_before=not_before))
    assert flow.post(INTROSPECT, client_id="app", token=tokens["refresh_token"]).json == {"active": False}
    assert error_of(flow.refresh(tokens["refresh_token"])) == (400, "invalid_grant")


@pytest.mark.parametrize(("refresh_lifetime", "status"), [(MAX_REFRESH_LIFETIME, 400), (1, 200)])
def test_a_revoked_session_is_remembered_as_long_as_its_refresh_token(
    flow: UserFlow, refresh_lifetime: int, status: int
) -> None:
    """R47, R50: DynamoDB removes the revocation at its end: by then the refresh token must have expired."""
    flow.clients.add(user_client("long", refresh_idle=MAX_REFRESH_LIFETIME, refresh_lifetime=MAX_REFRESH_LIFETIME))
    token = flow.redeem(flow.get_code(client_id="long"), client_id="long").json["refresh_token"]
    expires_at = revocation_expiry(TargetKind.SESSION, now=NOW, token_lifetime=3660)
    # The second case ends the revocation after one second, an access token's lifetime and the margin.
    expires_at -= MAX_REFRESH_LIFETIME - refresh_lifetime
    revocation = Revocation(Target.of(TargetKind.SESSION, "s1"), expires_at=expires_at)
    flow.clock.seconds = NOW + MAX_REFRESH_LIFETIME - 1
    if flow.clock.seconds < revocation.expires_at:
        flow.revocations.store(revocation)
    assert flow.refresh(token, client_id="long").status == status


def test_a_client_ends_its_grant_by_any_of_its_refresh_tokens(flow: UserFlow) -> None:
    """R46: the grant and its access tokens end with any hint; a request of another client changes nothing."""
    first = flow.log_in()
    second = flow.refresh(first["refresh_token"]).json
    for client_id, value in (
        ("other", first["refresh_token"]),
        ("app", "A" * 107),
        ("app", first["refresh_token"][1:]),
    ):
        assert flow.post(REVOKE, client_id=client_id, token=value).status == 200
    assert flow.revocations.writes == []
    answer = flow.post(REVOKE, client_id="app", token=first["refresh_token"], token_type_hint="access_token")
    assert answer.status == 200
    assert error_of(flow.refresh(second["refresh_token"])) == (400, "invalid_grant")
    assert not flow.is_active(second["access_token"], "app")


def test_a_grants_id_alone_is_useless(flow: UserFlow) -> None:
    """R42, R45: resource servers see the gid: without the family's secret it makes no valid refresh token."""
    token = parse_refresh_token(flow.log_in()["refresh_token"])
    assert token is not None
    for made_up in (token._replace(proof=b"x" * 32), token._replace(proof=b"x" * 32, secret=b"y" * 32)):
        assert flow.post(REVOKE, client_id="app", token=made_up.value).status == 200
        assert not flow.is_active(made_up.value, "app")
    assert flow.revocations.writes == []


def test_a_client_learns_of_its_own_refresh_token_alone(flow: UserFlow) -> None:
    """R48: the current token is active with its exp; a rotated, foreign or invented token is inactive."""
    flow.sign_in(flow.browser, auth_time=NOW - 7)
    first = flow.log_in()["refresh_token"]
    described = flow.post(INTROSPECT, client_id="app", token=first).json
    assert described == {
        "active": True,
        "scope": "email openid orders:read",
        "client_id": "app",
        "exp": NOW + 5000,
        "iat": NOW,
        "sub": SUBJECT,
        "aud": AUDIENCE,
        "iss": ISSUER,
    }
    flow.refresh(first)
    for client_id, value in (("app", first), ("other", first), ("app", "A" * 107)):
        assert flow.post(INTROSPECT, client_id=client_id, secret=SECRET, token=value).json == {"active": False}


def test_introspection_says_when_this_very_token_was_issued(flow: UserFlow) -> None:
    """R48: iat is that of the presented token and not of the grant's first token (RFC 7662 §2.2)."""
    token = flow.log_in()["refresh_token"]
    for elapsed in (700, 1400):
        flow.clock.seconds = NOW + elapsed
        token = flow.refresh(token).json["refresh_token"]
        assert flow.post(INTROSPECT, client_id="app", token=token).json["iat"] == NOW + elapsed


def test_a_client_that_lost_the_grant_has_no_active_token(flow: UserFlow) -> None:
    """R24, R48: a token that the token endpoint would refuse to its client is inactive (RFC 7662 §4)."""
    token = flow.log_in()["refresh_token"]
    client = flow.clients.get("app")
    assert client is not None
    flow.clients.update(replace(client, grant_types=frozenset({"authorization_code"})))
    assert error_of(flow.refresh(token)) == (400, "unauthorized_client")
    assert flow.post(INTROSPECT, client_id="app", token=token).json == {"active": False}


def test_introspection_promises_nothing_beyond_the_end_of_the_grant(flow: UserFlow) -> None:
    """R43, R48: exp is the idle end or the end of the grant, whichever is earlier."""
    token = flow.log_in()["refresh_token"]
    ends = []
    for _ in range(4):
        flow.clock.seconds += 4900
        token = flow.refresh(token).json["refresh_token"]
        ends.append(flow.post(INTROSPECT, client_id="app", token=token).json["exp"] - NOW)
    assert ends == [9900, 14_800, 19_700, 20_000]


def test_a_reader_of_the_table_with_an_old_token_has_no_current_one(flow: UserFlow) -> None:
    """R40, R45: no stored value takes the place of the MAC, whose key is outside of the table."""
    first = flow.log_in()["refresh_token"]
    flow.refresh(first)
    old = parse_refresh_token(first)
    assert old is not None
    refresh = flow.grants.stored[old.gid].refresh
    assert refresh is not None
    nonce = bytes.fromhex(refresh.successor_nonce or "")
    message = old.successor_message(nonce)
    known = [nonce, message, old.gid.encode(), old.proof, old.secret, b"", bytes.fromhex(refresh.current_hash)]
    known += [hashlib.sha256(each).digest() for each in known] + [StubSuccessorKey().mac(message)]
    assert refresh.current_hash not in {old.successor(each).secret_hash for each in known}
    assert refresh.current_hash == old.successor(flow.successor_key.mac(message)).secret_hash


def test_a_refresh_token_survives_a_fault_of_its_key(flow: UserFlow) -> None:
    """R43: without the MAC nothing is stored, and the same refresh token works later; a repeat needs the MAC too."""
    first = flow.log_in()["refresh_token"]
    flow.successor_key.fault = Throttled("KMS GenerateMac: ThrottlingException")
    assert error_of(flow.refresh(first)) == (503, "temporarily_unavailable")
    flow.successor_key.fault = None
    flow.clock.seconds += 100
    second = flow.refresh(first).json["refresh_token"]
    flow.successor_key.fault = Throttled("KMS GenerateMac: ThrottlingException")
    assert error_of(flow.refresh(first)) == (503, "temporarily_unavailable")
    flow.successor_key.fault = None
    assert flow.refresh(first).json["refresh_token"] == second
    assert flow.revocations.writes == []
