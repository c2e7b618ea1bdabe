"""The revocation endpoint (RFC 7009, R46, R50)."""

from __future__ import annotations

import json

import jwt
import pytest

from keyturn.domain.errors import StoreUnavailable
from keyturn.domain.grants.grant import GRACE
from keyturn.domain.revocations.revocation import EXPIRY_MARGIN, Revocation, Target, TargetKind
from tests.fakes.issuer_harness import INTROSPECT, REVOKE, IssuerHarness, make_client
from tests.fakes.token_factory import NOW, good_header, make_token, signing_key, unsigned
from tests.fakes.user_flow import UserFlow


def test_revoked_token(issuer: IssuerHarness) -> None:
    """A client revokes its own token, and introspection says inactive (R46, R47)."""
    token = issuer.issue()
    assert issuer.is_active(token)
    answer = issuer.post(REVOKE, token=token)
    assert answer.status == 200
    assert answer.headers["cache-control"] == "no-store"
    assert not issuer.is_active(token)


@pytest.mark.parametrize("known", [True, False])
def test_the_body_of_a_success_is_an_empty_json_object(issuer: IssuerHarness, known: bool) -> None:
    """A client may parse the body of a success before it ignores it: simple-oauth2 takes JSON alone (RFC 7009 §2.2)."""
    answer = issuer.post(REVOKE, token=issuer.issue() if known else "unheard-of")
    assert (answer.headers["content-type"], json.loads(answer.body)) == ("application/json", {})


def test_what_is_stored(issuer: IssuerHarness) -> None:
    """The revocation has the jti instead of the token, and lasts until the longest leeway has passed (R50)."""
    token = issuer.issue()
    claims = jwt.decode(token, options={"verify_signature": False})
    issuer.post(REVOKE, token=token)
    [(revocation, reason, actor)] = issuer.revocations.writes
    assert revocation.target.key == f"jti#{claims['jti']}"
    assert revocation.expires_at == claims["exp"] + 10 + EXPIRY_MARGIN
    assert (reason, actor) == ("revocation_endpoint", "client:web")


def test_a_token_that_lives_longer_than_others(issuer: IssuerHarness) -> None:
    """A token of any registered lifetime, up to the maximum, can be revoked (R46)."""
    issuer.clients.add(make_client("long", access_token_lifetime=3600))
    token = issuer.issue("long")
    assert issuer.is_active(token, "long")
    issuer.post(REVOKE, client_id="long", token=token)
    assert not issuer.is_active(token, "long")
    assert len(issuer.revocations.writes) == 1


def test_only_that_token(issuer: IssuerHarness) -> None:
    """Another token of the same client stays valid."""
    first, second = issuer.issue(), issuer.issue()
    issuer.post(REVOKE, token=first)
    assert issuer.is_active(second)


@pytest.mark.parametrize("hint", ["access_token", "refresh_token", "no_such_kind"])
def test_wrong_hint(issuer: IssuerHarness, hint: str) -> None:
    """A token is revoked despite a wrong token_type_hint (R46)."""
    token = issuer.issue()
    assert issuer.post(REVOKE, token=token, token_type_hint=hint).status == 200
    assert not issuer.is_active(token)


def test_again_and_again(issuer: IssuerHarness) -> None:
    """A token may be revoked again: each answer is 200, and only the first request writes (R50)."""
    token = issuer.issue()
    assert {issuer.post(REVOKE, token=token).status for _ in range(500)} == {200}
    assert len(issuer.revocations.writes) == 1
    issuer.clock.seconds = NOW + 800
    assert issuer.post(REVOKE, token=token).status == 200
    assert len(issuer.revocations.writes) == 1


def test_after_a_revocation_that_failed(issuer: IssuerHarness) -> None:
    """The next request writes a revocation that was not confirmed (R50, RFC 7009 §2.2.1)."""
    token = issuer.issue()
    issuer.revocations.fault = StoreUnavailable("down")
    assert issuer.post(REVOKE, token=token).status == 503
    issuer.revocations.fault = None
    assert issuer.post(REVOKE, token=token).status == 200
    assert len(issuer.revocations.writes) == 1
    assert not issuer.is_active(token)


def test_a_refresh_token_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The grant of several presented refresh tokens is revoked once (R39, R50)."""
    flow = UserFlow(monkeypatch)
    first = flow.log_in()["refresh_token"]
    second = flow.refresh(first).json["refresh_token"]
    for token in (second, first, second, first):
        assert flow.post(REVOKE, client_id="app", token=token).status == 200
    assert len(flow.revocations.writes) == 1


@pytest.mark.parametrize("what", ["code", "refresh token"])
def test_a_second_use_that_is_repeated_ends_the_grant_once(monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    """Repeated replays, which no rate limits for a public client, write one revocation (R34, R39, R50)."""
    flow = UserFlow(monkeypatch)
    code = flow.get_code()
    token = flow.redeem(code).json["refresh_token"]
    flow.refresh(token)
    flow.clock.seconds += GRACE + 1
    for _ in range(5):
        answer = flow.redeem(code) if what == "code" else flow.refresh(token)
        assert answer.json["error"] == "invalid_grant"
    assert len(flow.revocations.writes) == 1


def test_other_spelling(issuer: IssuerHarness) -> None:
    """A revoked token is revoked in both of its spellings: ECDSA signatures have two (A10)."""
    token = issuer.issue()
    issuer.post(REVOKE, token=token)
    signing_input = token.rpartition(".")[0]
    again = f"{signing_input}.{jwt.utils.base64url_encode(issuer.key.sign_jose(signing_input.encode())).decode()}"
    assert again != token
    assert not issuer.is_active(again)


def test_token_of_another_client(issuer: IssuerHarness) -> None:
    """Another client's token does not change, and the answer is the same (R46)."""
    issuer.clients.add(make_client("other"))
    token = issuer.issue()
    answer = issuer.post(REVOKE, client_id="other", token=token)
    assert (answer.status, answer.body) == (200, "{}")
    assert issuer.is_active(token)
    assert issuer.revocations.writes == []


@pytest.mark.parametrize(
    "token",
    [
        "garbage",
        "a.b.c",
        "é\u0000\r\n",
        "x" * 9000,
        unsigned(good_header(signing_key()) | {"alg": "none"}, signature=b""),
        unsigned(good_header(signing_key())),
        make_token(key=signing_key(name="stranger")),
        make_token(header={"typ": "JWT"}),
        make_token(claims={"iss": "https://other.example"}),
        make_token(claims={"iss": "https://issuer.example/staging"}),
        make_token(claims={"iat": NOW - 2000, "exp": NOW - 1000}),
        make_token(claims={"exp": NOW + 3601}),
    ],
    ids=[
        "text",
        "dots",
        "controls",
        "long",
        "none",
        "unsigned",
        "key",
        "kind",
        "issuer",
        "stage",
        "expired",
        "lifetime",
    ],
)
def test_what_is_no_token_of_ours(issuer: IssuerHarness, token: str) -> None:
    """An invalid token has no effect at revocation, and is inactive at introspection (R46, R48)."""
    answer = issuer.post(REVOKE, token=token)
    assert (answer.status, answer.body) == (200, "{}")
    assert issuer.revocations.writes == []
    introspection = issuer.post(INTROSPECT, token=token)
    assert (introspection.status, introspection.body) == (200, '{"active":false}')


@pytest.mark.parametrize(("age", "writes"), [(909, 1), (910, 0)])
def test_expired_within_the_leeway(issuer: IssuerHarness, age: int, writes: int) -> None:
    """A token within a verifier's leeway can be revoked; one second later a revocation is unnecessary."""
    token = issuer.issue()
    issuer.clock.seconds = NOW + age
    assert issuer.post(REVOKE, token=token).status == 200
    assert len(issuer.revocations.writes) == writes


def test_uncertain_clock(issuer: IssuerHarness) -> None:
    """A token that expires between the early and the late end of the present is revoked."""
    token = issuer.issue()
    issuer.clock.seconds, issuer.clock.spread = NOW + 909, 5.0
    issuer.post(REVOKE, token=token)
    assert len(issuer.revocations.writes) == 1


def test_token_that_counts_from_the_next_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """A token issued right after a cutoff has an iat in the future: it can be revoked at once without any leeway."""
    issuer = IssuerHarness(monkeypatch, LEEWAY_SECONDS="0")
    cutoff = Revocation(Target.of(TargetKind.CLIENT, "web"), not_before=NOW + 1, expires_at=NOW + 1000)
    issuer.revocations.revoke(cutoff, reason="test", actor="test")
    issuer.post(REVOKE, token=issuer.issue())
    assert [revocation.target.kind for revocation, _, _ in issuer.revocations.writes[1:]] == [TargetKind.TOKEN]


def test_missing_token(issuer: IssuerHarness) -> None:
    """A request without a token is invalid_request."""
    answer = issuer.post(REVOKE)
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")


def test_store_that_is_down(issuer: IssuerHarness) -> None:
    """A revocation that was not stored is a 503 (RFC 7009 §2.2.1)."""
    token = issuer.issue()
    issuer.revocations.fault = StoreUnavailable("down")
    answer = issuer.post(REVOKE, token=token)
    assert (answer.status, answer.json["error"]) == (503, "temporarily_unavailable")
    assert answer.headers["retry-after"] == "5"
