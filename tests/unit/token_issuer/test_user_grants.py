"""Codes and refresh tokens at the token endpoint: their tokens, their single use, and their revocation."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import jwt
import pytest

from keyturn.domain.clients.client import Client
from keyturn.domain.clients.resource_server import ResourceServer
from keyturn.domain.errors import StoreUnavailable, Throttled
from keyturn.domain.grants.grant import GRACE
from keyturn.domain.grants.grant_credentials import parse_code, parse_refresh_token
from keyturn.domain.revocations.revocation import EXPIRY_MARGIN, Revocation, Target, TargetKind
from keyturn.jose import verify_access_token
from keyturn.jose.id_token import IdTokenPolicy, verify_id_token
from tests.fakes.issuer_harness import INTROSPECT
from tests.fakes.token_factory import AUDIENCE, ISSUER, NOW, policy
from tests.fakes.user_flow import (
    ACR,
    REDIRECT_URI,
    SUBJECT,
    VERIFIER,
    UserFlow,
    claims_of,
    error_of,
    gid_of,
    keys,
    user_client,
)


def register(flow: UserFlow, client_id: str, **changes: Any) -> Client:
    client = user_client(client_id, **changes)
    flow.clients.add(client)
    return client


def test_a_code_gives_an_access_token_of_the_user(flow: UserFlow) -> None:
    """R28: the token has every claim of RFC 9068: the user as sub, grant, session and authentication."""
    flow.sign_in(flow.browser, auth_time=NOW - 7)
    tokens = flow.log_in()
    assert tokens.keys() == {"access_token", "token_type", "expires_in", "scope", "refresh_token", "id_token"}
    assert tokens["scope"] == "email openid orders:read"
    token = verify_access_token(tokens["access_token"], keys(flow), policy(), NOW)
    assert (token.subject, token.client_id, token.audience) == (SUBJECT, "app", (AUDIENCE,))
    assert (token.grant_id, token.session_id) == (gid_of(tokens["refresh_token"]), "s1")
    assert {name: token.claims[name] for name in ("auth_time", "acr", "amr")} == {
        "auth_time": NOW - 7,
        "acr": ACR,
        "amr": ["pwd"],
    }


def test_openid_gives_an_id_token(flow: UserFlow) -> None:
    """OIDC Core §2: the ID token is for the client, has the user and the nonce, and is refused as an access token."""
    tokens = flow.log_in()
    id_policy = IdTokenPolicy(issuer=ISSUER, client_id="app", algorithms={"ES256"})
    token = verify_id_token(tokens["id_token"], keys(flow), id_policy, now=NOW, nonce="n-1")
    assert token.subject == SUBJECT
    claims = claims_of(tokens["id_token"])
    assert jwt.get_unverified_header(tokens["id_token"])["typ"] == "JWT"
    assert (claims["aud"], claims["auth_time"], claims["sid"], claims["exp"]) == ("app", NOW, "s1", NOW + 900)
    assert claims.keys() == {"iss", "sub", "aud", "exp", "iat", "nonce", "sid", "auth_time", "acr", "amr"}
    assert flow.post(INTROSPECT, client_id="app", token=tokens["id_token"]).json == {"active": False}


def test_a_users_custom_claims_are_in_every_access_token(flow: UserFlow) -> None:
    """R28: a user's custom claims that the server declares are in each access token, from code to last refresh."""
    flow.resource_servers.add(
        ResourceServer(
            audience=AUDIENCE, name="Orders", scopes=frozenset({"orders:read"}), claims=frozenset({"tenant"})
        )
    )
    first = flow.log_in(scope="openid orders:read")
    second = flow.refresh(first["refresh_token"]).json
    assert [claims_of(each["access_token"])["tenant"] for each in (first, second)] == ["a", "a"]
    assert "tenant" not in claims_of(first["id_token"])


def test_without_openid_there_is_none(flow: UserFlow) -> None:
    """OIDC Core §3.1.2.1: a request without openid gets no ID token, and costs one signature."""
    tokens = flow.log_in(scope="orders:read")
    assert "id_token" not in tokens
    assert len(flow.signer.asked) == 1


def test_a_client_that_is_not_registered_for_refresh_tokens_gets_none(flow: UserFlow) -> None:
    """R24: a client that is registered for authorization_code alone gets an access token alone."""
    register(flow, "once", grant_types=frozenset({"authorization_code"}))
    code = flow.get_code(client_id="once", scope="orders:read")
    assert "refresh_token" not in flow.redeem(code, client_id="once").json


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code": ""}, "invalid_request"),
        ({"redirect_uri": ""}, "invalid_request"),
        ({"code_verifier": ""}, "invalid_grant"),
        ({"code": "x"}, "invalid_grant"),
        ({"code": "A" * 64}, "invalid_grant"),
        ({"redirect_uri": REDIRECT_URI + "/"}, "invalid_grant"),
        ({"code_verifier": "w" * 43}, "invalid_grant"),
        ({"code_verifier": "short"}, "invalid_grant"),
        ({"code_verifier": VERIFIER + " "}, "invalid_grant"),
        ({"client_id": "other"}, "invalid_grant"),
        ({"resource": "https://other.example"}, "invalid_target"),
    ],
)
def test_a_code_with_something_wrong_gives_nothing_and_stays(
    flow: UserFlow, changes: dict[str, Any], error: str
) -> None:
    """R32, R33: every fault gets the same error without a signature, and the right request succeeds later."""
    code = flow.get_code()
    assert error_of(flow.redeem(**({"code": code} | changes))) == (400, error)
    assert (flow.revocations.writes, flow.signer.asked) == ([], [])
    assert flow.redeem(code).status == 200


def test_an_access_token_and_a_refresh_token_are_no_code(flow: UserFlow) -> None:
    """R41: an access token and a refresh token are refused as codes, and a code as a refresh token."""
    tokens = flow.log_in()
    for value in (tokens["access_token"], tokens["refresh_token"]):
        assert error_of(flow.redeem(value)) == (400, "invalid_grant")
    for value in (tokens["access_token"], tokens["id_token"], flow.get_code()):
        assert error_of(flow.refresh(value)) == (400, "invalid_grant")


def test_a_code_is_over_after_a_minute(flow: UserFlow) -> None:
    """R33: a code expires after 60 s, by the late end of the present."""
    code = flow.get_code()
    flow.clock.seconds += 58.5
    flow.clock.spread = 1.5
    assert error_of(flow.redeem(code)) == (400, "invalid_grant")
    flow.clock.spread = 0.5
    assert flow.redeem(code).status == 200


@pytest.mark.parametrize(("after", "status"), [(59, 200), (60, 400)])
def test_the_minute_of_a_code_begins_at_the_early_end_of_the_present(flow: UserFlow, after: int, status: int) -> None:
    """R33: the 60 s of a code begin at the early end of the present, however uncertain the clock was."""
    flow.clock.spread = 5
    code = flow.get_code()
    flow.clock.spread = 0
    flow.clock.seconds += after
    assert flow.redeem(code).status == status


def test_a_second_use_of_a_code_ends_what_the_first_one_gave(flow: UserFlow) -> None:
    """R34: the access token is inactive, the refresh token is refused, and a third use ends no other grant."""
    code = flow.get_code()
    tokens = flow.redeem(code).json
    assert flow.is_active(tokens["access_token"], "app")
    assert error_of(flow.redeem(code)) == (400, "invalid_grant")
    assert not flow.is_active(tokens["access_token"], "app")
    assert error_of(flow.refresh(tokens["refresh_token"])) == (400, "invalid_grant")
    flow.redeem(code)
    assert {each.target for each, _, _ in flow.revocations.writes} == {
        Target.of(TargetKind.GRANT, gid_of(tokens["refresh_token"]))
    }
    revocation, reason, actor = flow.revocations.writes[0]
    assert (reason, actor) == ("code_reuse", "client:app")
    assert revocation.expires_at == NOW + 20_000 + 60 + 3600 + 10 + EXPIRY_MARGIN


def test_the_end_of_a_grant_without_refresh_tokens_outlives_its_access_tokens(flow: UserFlow) -> None:
    """R34, R50: the revocation outlasts an access token that the code gave in its last second."""
    register(flow, "once", grant_types=frozenset({"authorization_code"}))
    code = flow.get_code(client_id="once")
    token = flow.redeem(code, client_id="once").json["access_token"]
    flow.redeem(code, client_id="once")
    assert not flow.is_active(token, "once")
    assert [each.expires_at for each, _, _ in flow.revocations.writes] == [NOW + 60 + 60 + 3600 + 10 + EXPIRY_MARGIN]


def test_credentials_cannot_be_guessed(flow: UserFlow) -> None:
    """R29, R45: a code has 256 random bits, a refresh token twice as many, and its successor a nonce of 128 bits."""
    code = parse_code(flow.get_code())
    first = flow.log_in()["refresh_token"]
    token = parse_refresh_token(first)
    assert code is not None
    assert token is not None
    drawn = [each[half : half + 16] for each in (code.secret, token.proof, token.secret) for half in (0, 16)]
    flow.refresh(first)
    refresh = flow.grants.stored[token.gid].refresh
    assert refresh is not None
    drawn.append(bytes.fromhex(refresh.successor_nonce or ""))
    assert ({len(each) for each in drawn}, len(set(drawn))) == ({16}, 7)


def test_a_stranger_with_a_used_code_ends_nothing(flow: UserFlow) -> None:
    """R34: a thief of a used code without the verifier, and another client, cannot end the user's grant."""
    code = flow.get_code()
    tokens = flow.redeem(code).json
    for changes in ({"code_verifier": "w" * 43}, {"client_id": "other"}):
        assert error_of(flow.redeem(code, **changes)) == (400, "invalid_grant")
    assert flow.is_active(tokens["access_token"], "app")


def test_what_was_used_or_is_over_signs_nothing(flow: UserFlow, capsys: pytest.CaptureFixture[str]) -> None:
    """R33, R39: a replay, a late request and a foreign one cost no signature; the log alone has the reason."""
    used, late = flow.get_code(), flow.get_code()
    first = flow.redeem(used).json["refresh_token"]
    second = flow.refresh(first).json["refresh_token"]
    flow.clock.seconds += 60
    signed = len(flow.signer.asked)
    capsys.readouterr()
    for answer in (flow.redeem(used), flow.redeem(late), flow.refresh(second, client_id="other"), flow.refresh(first)):
        assert error_of(answer) == (400, "invalid_grant")
    assert len(flow.signer.asked) == signed
    details = [json.loads(line)["detail"] for line in capsys.readouterr().out.splitlines()]
    assert details == ["reused", "expired", "unknown", "reused"]


KMS_AWAY = [Throttled("KMS"), StoreUnavailable("KMS"), PermissionError("KMS")]


@pytest.mark.parametrize("fault", KMS_AWAY)
def test_a_code_is_unused_until_its_tokens_are_signed(flow: UserFlow, fault: Exception) -> None:
    """R33: a code stays unused after a 503, and its grant is not revoked."""
    code = flow.get_code()
    flow.signer.fault = fault
    assert flow.redeem(code).status in (500, 503)
    flow.signer.fault = None
    assert flow.redeem(code).status == 200
    assert flow.revocations.writes == []


def test_revocations_that_cannot_be_read_use_nothing_up(flow: UserFlow) -> None:
    """R33, R40: revocations that cannot be read are a 503, and code and refresh token stay unused."""
    code, token = flow.get_code(), flow.log_in()["refresh_token"]
    flow.revocations.fault = StoreUnavailable("away")
    assert (flow.redeem(code).status, flow.refresh(token).status) == (503, 503)
    flow.revocations.fault = None
    flow.clock.seconds += GRACE + 1
    assert flow.refresh(token).status == 200
    assert flow.redeem(code).status == 200


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"scopes": frozenset({"openid"})}, "invalid_scope"),
        ({"audiences": ("https://other.example",)}, "invalid_target"),
    ],
)
def test_a_client_that_was_narrowed_keeps_what_it_may_not_use_now(
    flow: UserFlow, changes: dict[str, Any], error: str
) -> None:
    """R43: a refusal changes nothing: once the registration is restored, the same token and code succeed."""
    code, token = flow.get_code(scope="orders:read"), flow.log_in()["refresh_token"]
    flow.clients.remove("app")
    flow.clients.add(user_client(**changes))
    assert error_of(flow.refresh(token, scope="orders:read")) == (400, error)
    assert error_of(flow.redeem(code)) == (400, error)
    flow.clients.remove("app")
    flow.clients.add(user_client())
    flow.clock.seconds += GRACE + 1
    assert flow.refresh(token, scope="orders:read").status == 200
    assert flow.redeem(code).status == 200


def test_a_code_that_went_where_no_code_may_go_any_more_gives_nothing(flow: UserFlow) -> None:
    """R30, R33: a redirect URI that was removed, perhaps because it is compromised, is refused at once."""
    code, before = flow.get_code(), flow.clients.get("app")
    assert before is not None
    after = flow.clients.update(replace(before, redirect_uris=("https://new.example/callback",)))
    assert error_of(flow.redeem(code)) == (400, "invalid_grant")
    assert (flow.revocations.writes, flow.signer.asked) == ([], [])
    flow.clients.update(replace(after, redirect_uris=before.redirect_uris))
    assert flow.redeem(code).status == 200


@pytest.mark.parametrize("what", ["code", "refresh token"])
def test_a_cutoff_that_a_read_misses_applies_to_its_answer(flow: UserFlow, what: str) -> None:
    """R49: a cutoff that is stored during the read of the revocations applies to the token of the slow answer."""
    token, find = flow.log_in()["refresh_token"], flow.revocations.find
    # The writer of the cutoff may have a more exact clock: the token's iat must not be the late end of this present.
    flow.clock.spread = 2

    def missed(targets: Any) -> Any:
        found = find(targets)
        target = Target.of(TargetKind.SUBJECT, SUBJECT)
        flow.revocations.store(Revocation(target, expires_at=NOW + 9000, not_before=int(flow.clock.seconds)))
        flow.clock.seconds += 2
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flow.revocations, "find", missed)
        given = flow.get_code() if what == "code" else flow.refresh(token).json["access_token"]
    if what == "code":
        assert error_of(flow.redeem(given)) == (400, "invalid_grant")
    else:
        assert not flow.is_active(given, "app")


def test_a_user_who_signs_in_after_a_cutoff_is_not_locked_out(flow: UserFlow) -> None:
    """R49: a cutoff ends earlier grants; a later grant of the same second is valid."""
    flow.revocations.store(Revocation(Target.of(TargetKind.CLIENT, "app"), expires_at=NOW + 9000, not_before=NOW - 1))
    tokens = flow.log_in()
    assert flow.is_active(tokens["access_token"], "app")
    assert flow.refresh(tokens["refresh_token"]).status == 200


@pytest.mark.parametrize(
    "target",
    [Target.of(TargetKind.SUBJECT, SUBJECT), Target.of(TargetKind.CLIENT, "app"), Target.of(TargetKind.GLOBAL, "0")],
)
def test_a_grant_is_later_than_the_cutoffs_before_it(flow: UserFlow, target: Target) -> None:
    """R33, R49: a user who signs in right after a cutoff waits for its late end, and is not locked out."""
    flow.revocations.store(Revocation(target, expires_at=NOW + 9000, not_before=NOW + 1))
    flow.sign_in(flow.browser, auth_time=NOW + 2)
    flow.clock.spread = 2.5
    tokens = flow.log_in()
    [grant] = flow.grants.stored.values()
    assert (grant.created_at, grant.code.expires_at) == (NOW + 2, NOW + 62)
    assert flow.clock.seconds == NOW + 2
    assert flow.is_active(tokens["access_token"], "app")
    assert flow.refresh(tokens["refresh_token"]).status == 200


def test_what_is_logged_of_a_flow_names_no_credential(flow: UserFlow, capsys: pytest.CaptureFixture[str]) -> None:
    """R66: the log has neither code, refresh token nor verifier."""
    code = flow.get_code()
    tokens = flow.redeem(code).json
    again = flow.refresh(tokens["refresh_token"]).json
    flow.redeem(code)
    lines = capsys.readouterr().out
    for secret in (code, tokens["refresh_token"], again["refresh_token"], tokens["id_token"], VERIFIER, "s&t=1"):
        assert secret not in lines


def test_a_user_does_not_get_the_claims_of_the_client(flow: UserFlow) -> None:
    """A client's claims are for itself: a user's token has the user's own and the client's claims for users (R28)."""
    names = frozenset({"role", "tenant", "tier"})
    flow.resource_servers.add(
        ResourceServer(audience=AUDIENCE, name="Orders", scopes=user_client().scopes, claims=names)
    )
    own = {"role": "admin", "tenant": "client's"}
    grants = user_client().grant_types | {"client_credentials"}
    flow.clients.add(
        user_client("app2", grant_types=grants, claims=own, user_claims={"tier": 1, "tenant": "of its users"})
    )
    tokens = flow.redeem(flow.get_code(client_id="app2"), client_id="app2").json
    refreshed = flow.refresh(tokens["refresh_token"], client_id="app2").json
    for token in (tokens["access_token"], refreshed["access_token"]):
        # The session's user has a tenant too.
        assert {name: claims_of(token).get(name) for name in names} == {"role": None, "tenant": "a", "tier": 1}
    of_the_client = claims_of(flow.issue("app2"))
    assert {name: of_the_client.get(name) for name in names} == {"role": "admin", "tenant": "client's", "tier": None}


@pytest.mark.parametrize("resource", [f"{AUDIENCE}/", AUDIENCE])
def test_a_resource_with_an_empty_path(flow: UserFlow, resource: str) -> None:
    """RFC 3986 §6.2.3: the code's request and its redemption may spell the empty path of the resource differently."""
    code = flow.get_code(resource=resource)
    answer = flow.redeem(code, resource=f"{AUDIENCE}/")
    assert claims_of(answer.json["access_token"])["aud"] == AUDIENCE
    assert flow.refresh(answer.json["refresh_token"], resource=f"{AUDIENCE}/").status == 200
