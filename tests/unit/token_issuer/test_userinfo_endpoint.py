"""The userinfo endpoint: the user's claims for a bearer of a token with openid."""

from __future__ import annotations

import pytest

from keyturn.domain.revocations.revocation import Revocation, Target, TargetKind
from keyturn.domain.users.user import User
from tests.fakes.http_api_event import form_event, http_api_event
from tests.fakes.issuer_harness import TOKEN, make_client
from tests.fakes.token_factory import NOW
from tests.fakes.user_flow import SUBJECT, USERINFO, UserFlow, user_client


@pytest.fixture
def flow(monkeypatch: pytest.MonkeyPatch) -> UserFlow:
    return UserFlow(monkeypatch)


@pytest.mark.parametrize(
    ("scope", "claims"),
    [
        ("openid", {}),
        ("openid email", {"email": "ada@example.com", "email_verified": True}),
        ("openid email orders:read", {"email": "ada@example.com", "email_verified": True}),
    ],
)
def test_a_scope_opens_its_claims(flow: UserFlow, scope: str, claims: dict[str, object]) -> None:
    """OIDC Core §5.4: the answer has sub and the claims of the token's scopes alone."""
    token = flow.log_in(scope=scope)["access_token"]
    answer = flow.get(USERINFO, authorization=f"Bearer {token}")
    assert (answer.status, answer.json) == (200, claims | {"sub": SUBJECT})
    assert answer.headers["cache-control"] == "no-store"
    posted = flow.send(http_api_event("POST", USERINFO, headers={"authorization": f"bearer {token}"}))
    assert posted.json == answer.json


def test_a_claim_without_a_value_is_left_out(flow: UserFlow) -> None:
    """OIDC Core §5.3.2: a null or empty claim is left out; false and zero are values."""
    flow.login.users.stored[SUBJECT] = User(
        subject=SUBJECT, email="ada@example.com", claims={"nickname": "", "website": None}
    )
    flow.clients.add(user_client("reader", scopes=frozenset({"openid", "email", "profile"})))
    scope = "openid email profile"
    token = flow.redeem(flow.get_code(client_id="reader", scope=scope), client_id="reader").json["access_token"]
    told = flow.get(USERINFO, authorization=f"Bearer {token}").json
    assert told == {"email": "ada@example.com", "email_verified": False, "updated_at": 0, "sub": SUBJECT}


@pytest.mark.parametrize(("origin", "readable"), [("https://app.example", True), ("https://evil.example", False)])
def test_a_page_of_the_client_may_read_the_answer(flow: UserFlow, origin: str, readable: bool) -> None:
    """The origins of the token's client may read the claims, and every page the insufficient_scope error."""
    flow.clients.add(user_client("spa", cors_origins=frozenset({"https://app.example"})))
    for scope in ("openid", "orders:read"):
        token = flow.redeem(flow.get_code(client_id="spa", scope=scope), client_id="spa").json["access_token"]
        headers = flow.get(USERINFO, authorization=f"Bearer {token}", origin=origin).headers
        of_others = None if scope == "openid" else "*"
        assert headers.get("access-control-allow-origin") == (origin if readable else of_others)
        assert headers["vary"] == "Origin"


def test_a_page_may_read_the_challenge(flow: UserFlow) -> None:
    """RFC 6750 §3.1, Fetch §3.2.4: a page can read the missing scope, also in the header that API Gateway renames."""
    flow.clients.add(user_client("spa", cors_origins=frozenset({"https://app.example"})))
    token = flow.redeem(flow.get_code(client_id="spa", scope="orders:read"), client_id="spa").json["access_token"]
    answer = flow.get(USERINFO, authorization=f"Bearer {token}", origin="https://app.example")
    exposed = answer.headers["access-control-expose-headers"].split(", ")
    assert answer.status == 403
    assert {"www-authenticate", "x-amzn-remapped-www-authenticate"} <= set(exposed)


def test_without_a_token_there_is_a_challenge(flow: UserFlow) -> None:
    """RFC 6750 §3.1: an absent token gets no error code; one in a query or in the form of a GET is ignored (§5.3)."""
    token = flow.log_in()["access_token"]
    answers = [
        flow.get(USERINFO),
        flow.get(USERINFO, query=f"access_token={token}"),
        flow.send({**form_event(USERINFO, {"access_token": token}), "requestContext": {"http": {"method": "GET"}}}),
        flow.send(form_event(USERINFO, {"access_token": ""})),
        flow.send(form_event(USERINFO, {"access_token": token}, headers={"content-type": "text/plain"})),
        flow.get(USERINFO, authorization="Basic eDp5"),
        flow.get(USERINFO, authorization="Bearer "),
    ]
    assert {(answer.status, answer.headers["www-authenticate"]) for answer in answers} == {
        (401, 'Bearer realm="keyturn"')
    }


@pytest.mark.parametrize("spaces", [2, 3, 40])
def test_one_space_or_more_follow_the_scheme(flow: UserFlow, spaces: int) -> None:
    """RFC 9110 §11.4 has `1*SP` between the scheme and the token; spaces alone are no token."""
    token = flow.log_in()["access_token"]
    blank = " " * spaces
    assert flow.get(USERINFO, authorization=f"bearer{blank}{token}").status == 200
    assert flow.get(USERINFO, authorization=f"Bearer{blank}").headers["www-authenticate"] == 'Bearer realm="keyturn"'
    both = flow.get(USERINFO, query=f"access_token={token}", authorization=f"Bearer{blank}{token}")
    assert (both.status, both.json["error"]) == (400, "invalid_request")


def test_a_form_may_carry_the_token(flow: UserFlow) -> None:
    """RFC 6750 §2.2: a posted form with access_token gets the same answer as the header."""
    token = flow.log_in()["access_token"]
    answer = flow.send(form_event(USERINFO, {"access_token": token}))
    assert (answer.status, answer.json) == (200, flow.get(USERINFO, authorization=f"Bearer {token}").json)


@pytest.mark.parametrize("body", ["access_token={0}&access_token={0}", "access_token={0}&access_token=x"])
def test_a_form_with_two_tokens_is_a_bad_request(flow: UserFlow, body: str) -> None:
    """R20: a repeated access_token is invalid_request."""
    token = flow.log_in()["access_token"]
    answer = flow.send(form_event(USERINFO, body.format(token).encode()))
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")


def test_a_user_who_is_gone_has_no_claims(flow: UserFlow) -> None:
    """OIDC Core §5.3.3: the token of a user without a profile is invalid."""
    token = flow.log_in()["access_token"]
    del flow.login.users.stored[SUBJECT]
    answer = flow.get(USERINFO, authorization=f"Bearer {token}")
    assert (answer.status, answer.json["error"]) == (401, "invalid_token")


def test_a_token_in_two_places_is_a_bad_request(flow: UserFlow) -> None:
    """RFC 6750 §3.1: tokens by two methods are invalid_request, in the challenge too."""
    token = flow.log_in()["access_token"]
    bearer = {"authorization": f"Bearer {token}"}
    by_form = flow.send(form_event(USERINFO, {"access_token": token}, headers=bearer))
    assert (by_form.status, by_form.json["error"]) == (400, "invalid_request")
    assert flow.send(form_event(USERINFO, {"other": "x"}, headers=bearer)).status == 200
    answer = flow.get(USERINFO, query=f"access_token={token}", authorization=f"Bearer {token}")
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")
    assert 'error="invalid_request"' in answer.headers["www-authenticate"]


def test_a_token_that_does_not_hold_is_refused(flow: UserFlow) -> None:
    """R47: an expired, altered or revoked token, and an ID token, are invalid_token at once."""
    tokens = flow.log_in()
    good = tokens["access_token"]
    for token in (good[:-4] + "AAAA", tokens["id_token"], tokens["refresh_token"], "x", f"{good} {good}"):
        answer = flow.get(USERINFO, authorization=f"Bearer {token}")
        assert (answer.status, answer.json["error"]) == (401, "invalid_token")
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    flow.revocations.store(Revocation(Target.of(TargetKind.SESSION, "s1"), expires_at=NOW + 9000))
    assert flow.get(USERINFO, authorization=f"Bearer {good}").status == 401


def test_a_token_without_openid_is_not_enough(flow: UserFlow) -> None:
    """RFC 6750 §3.1: a token without openid is 403 insufficient_scope, for a user and for a client."""
    users = flow.log_in(scope="orders:read")["access_token"]
    own = flow.post(TOKEN, grant_type="client_credentials").json["access_token"]
    for token in (users, own):
        answer = flow.get(USERINFO, authorization=f"Bearer {token}")
        assert (answer.status, answer.json["error"]) == (403, "insufficient_scope")
        assert 'scope="openid"' in answer.headers["www-authenticate"]


def test_a_client_is_no_user(flow: UserFlow) -> None:
    """R17: a client's own token has no user, whatever scopes the client is registered for."""
    flow.clients.add(make_client("both", scopes=frozenset({"openid", "email", "orders:read"})))
    asked = {"client_id": "both", "grant_type": "client_credentials"}
    assert flow.post(TOKEN, scope="openid", **asked).json["error"] == "invalid_scope"
    answer = flow.post(TOKEN, **asked).json
    assert answer["scope"] == "orders:read"
    assert flow.get(USERINFO, authorization=f"Bearer {answer['access_token']}").status == 403


def test_an_old_token_ends(flow: UserFlow) -> None:
    """R14: a token is refused from its exp on, by the late end of the present."""
    token = flow.log_in()["access_token"]
    flow.clock.seconds, flow.clock.spread = NOW + 898, 1.0
    assert flow.get(USERINFO, authorization=f"Bearer {token}").status == 200
    flow.clock.seconds += 1
    assert flow.get(USERINFO, authorization=f"Bearer {token}").status == 401


def test_a_revocation_that_may_still_count_does(flow: UserFlow) -> None:
    """R47: a revocation applies while it has not expired by the early end of the present."""
    token = flow.log_in()["access_token"]
    flow.revocations.store(Revocation(Target.of(TargetKind.CLIENT, "app"), not_before=NOW, expires_at=NOW + 1))
    flow.clock.spread = 1.0
    assert flow.get(USERINFO, authorization=f"Bearer {token}").status == 401


@pytest.mark.parametrize("takes", [0.4, 3.0])
def test_a_slow_store_opens_nothing_to_a_revoked_token_at_its_end(flow: UserFlow, takes: float) -> None:
    """R47: a revocation that expires while the store answers still applies to an unexpired token."""
    token = flow.log_in(scope="openid")["access_token"]
    end = int(flow.clock.seconds) + 900
    revocation = Revocation(Target.of(TargetKind.SUBJECT, SUBJECT), not_before=end, expires_at=end)
    flow.revocations.store(revocation)
    flow.clock.seconds = end - 1.1
    flow.revocations.before = lambda: flow.clock.pause(takes)
    assert flow.get(USERINFO, authorization=f"Bearer {token}").status == 401
