"""Every event of `events/`, invoked in a real container."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from local.stack import ROOT
from tests.integration.http import call, get_token, statuses

if TYPE_CHECKING:
    from tests.sam_local.conftest import SamLocal

FUNCTIONS = {
    "authorizer": "AuthorizerFunction",
    "token_issuer": "TokenIssuerFunction",
    "key_rotator": "KeyRotatorFunction",
    "login": "LoginFunction",
}


def body(answer: dict[str, Any]) -> Any:
    """Return the JSON of an issuer's answer, which must be a good one."""
    assert answer["statusCode"] == 200, answer
    return json.loads(answer["body"])


def test_every_event_is_invoked_here() -> None:
    """An event that is added to `events/` needs a test in this file."""
    names = {path.relative_to(ROOT / "events").with_suffix("").as_posix() for path in (ROOT / "events").rglob("*.json")}
    assert names == {
        *("authorizer/http-api-2.0", "authorizer/rest-request", "authorizer/rest-token"),
        *("key_rotator/compromise", "key_rotator/plan", "key_rotator/rotate", "key_rotator/tick"),
        *("login/add-user", "login/list-sessions", "login/logout-page", "login/password", "login/sign-in-page"),
        *("login/stylesheet", "token_issuer/introspect", "token_issuer/jwks", "token_issuer/metadata"),
        *("token_issuer/revoke", "token_issuer/token"),
    }


def test_the_authorizer_allows_an_http_api(sam_local: SamLocal) -> None:
    """The 2.0 event with a good token gets the simple answer."""
    answer = sam_local.invoke("AuthorizerFunction", "authorizer/http-api-2.0")
    assert answer["isAuthorized"] is True
    assert answer["context"]["client_id"] == sam_local.stack.client_id


@pytest.mark.parametrize("kind", ["rest-token", "rest-request"])
def test_the_authorizer_allows_a_rest_api(sam_local: SamLocal, kind: str) -> None:
    """The event of a REST API with a good token gets a policy that allows the method that was called."""
    event = sam_local.event(f"authorizer/{kind}")
    [statement] = sam_local.invoke("AuthorizerFunction", f"authorizer/{kind}")["policyDocument"]["Statement"]
    assert statement["Effect"] == "Allow"
    assert statement["Resource"] == event["methodArn"]


def test_the_issuer_answers_from_a_container(sam_local: SamLocal) -> None:
    """Metadata, keys, a token that the deployed APIs take, introspection and revocation, each by its recorded event."""
    issuer = {
        name: sam_local.invoke("TokenIssuerFunction", f"token_issuer/{name}") for name in ("metadata", "jwks", "token")
    }
    assert body(issuer["metadata"])["issuer"] == sam_local.stack.issuer
    assert sam_local.event("key_rotator/compromise")["kid"] in {key["kid"] for key in body(issuer["jwks"])["keys"]}
    token = body(issuer["token"])["access_token"]
    assert set(statuses(sam_local.stack, token).values()) == {200}
    assert body(sam_local.invoke("TokenIssuerFunction", "token_issuer/introspect"))["active"] is True
    assert sam_local.invoke("TokenIssuerFunction", "token_issuer/revoke")["statusCode"] == 200
    assert body(sam_local.invoke("TokenIssuerFunction", "token_issuer/introspect")) == {"active": False}


def test_the_login_answers_from_a_container(sam_local: SamLocal) -> None:
    """Pages, the stylesheet, a wrong password and an operator's actions, each by its event."""
    login = {
        name: sam_local.invoke("LoginFunction", f"login/{name}")
        for name in ("sign-in-page", "logout-page", "stylesheet", "password", "add-user", "list-sessions")
    }
    assert [login[name]["statusCode"] for name in ("sign-in-page", "logout-page", "stylesheet")] == [200, 200, 200]
    assert "Content-Security-Policy".lower() in map(str.lower, login["sign-in-page"]["headers"])
    assert login["password"]["statusCode"] == 401
    assert login["add-user"] == {"subject": sam_local.event("login/add-user")["subject"]}
    assert login["list-sessions"] == {"sessions": []}


def test_start_api_serves_the_http_example(sam_local: SamLocal) -> None:
    """Behind `sam local start-api`, a good token is 200, none is 401, a bad one and a narrow one are 403."""
    reader = get_token(sam_local.stack, scope="reports:read")
    with sam_local.start_api() as url:
        assert call(f"{url}/reports", reader).json()["client_id"] == sam_local.stack.client_id
        assert call(f"{url}/reports", None).status_code == 401
        assert call(f"{url}/reports", reader[:-8] + "AAAAAAAA").status_code == 403
        assert call(f"{url}/reports", reader, "POST").status_code == 403


def test_the_rotator_turns_the_keys_from_a_container(sam_local: SamLocal) -> None:
    """Tick and plan change nothing, a rotation makes the standby active, a compromise ends tokens."""
    token = sam_local.event("authorizer/rest-token")["authorizationToken"].removeprefix("Bearer ")
    for event in ("tick", "plan"):
        assert sam_local.invoke("KeyRotatorFunction", f"key_rotator/{event}")["applied"] == []
    rotated = sam_local.invoke("KeyRotatorFunction", "key_rotator/rotate")["applied"]
    assert "promote" in {step["action"] for step in rotated}
    assert set(statuses(sam_local.stack, token).values()) == {200}
    compromised = sam_local.invoke("KeyRotatorFunction", "key_rotator/compromise")["applied"]
    kid = sam_local.event("key_rotator/compromise")["kid"]
    assert ("compromise", kid) in [(step["action"], step.get("subject")) for step in compromised]
    assert 200 not in statuses(sam_local.stack, token).values()
