"""PKCE is required, except of confidential clients that are registered with optional PKCE (RFC 9700 §2.1.1)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fakes.user_flow import VERIFIER, UserFlow, answer_of, error_of, user_client

WITHOUT: dict[str, str | None] = {"code_challenge": None, "code_challenge_method": None}


@pytest.fixture
def flow(monkeypatch: pytest.MonkeyPatch) -> UserFlow:
    flow = UserFlow(monkeypatch)
    flow.clients.add(user_client("free", pkce="optional"))
    return flow


def redeem(flow: UserFlow, code: str, **changes: str) -> tuple[int, str]:
    """Return the status and error of the redemption of a code by the client without PKCE."""
    answer = flow.redeem(code, client_id="free", **changes)
    return answer.status, answer.json.get("error", "")


def test_a_code_without_a_challenge_is_used_without_a_verifier(flow: UserFlow) -> None:
    """passport, simple-oauth2, ALB and Cognito federation send neither challenge nor verifier."""
    code = flow.get_code(client_id="free", **WITHOUT)
    assert redeem(flow, code, code_verifier="") == (200, "")
    assert redeem(flow, code, code_verifier="") == (400, "invalid_grant")


def test_a_verifier_without_a_challenge_is_refused(flow: UserFlow) -> None:
    """RFC 9700 §4.8.2: an attacker removed the challenge from the request."""
    code = flow.get_code(client_id="free", **WITHOUT)
    assert redeem(flow, code, code_verifier=VERIFIER) == (400, "invalid_grant")
    assert redeem(flow, code, code_verifier="") == (200, "")


@pytest.mark.parametrize("verifier", ["", "w" * 43, "short"])
def test_a_challenge_that_was_sent_counts(flow: UserFlow, verifier: str) -> None:
    """RFC 7636 §4.6: a client with optional PKCE that sends a challenge must send the verifier."""
    code = flow.get_code(client_id="free")
    assert redeem(flow, code, code_verifier=verifier) == (400, "invalid_grant")
    assert redeem(flow, code) == (200, "")


@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge": None},
        {"code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"code_challenge": "short"},
    ],
)
def test_half_a_challenge_is_none(flow: UserFlow, changes: dict[str, str | None]) -> None:
    """R31: `plain` and a malformed challenge are refused for these clients too."""
    assert answer_of(flow.authorize(client_id="free", **changes))["error"] == "invalid_request"


@pytest.mark.parametrize(
    ("changes", "uri"),
    [
        ({"pkce": "required"}, "https://app.example/callback"),
        ({"authentication": frozenset({"none"}), "secret_hashes": ()}, "https://app.example/callback"),
        ({"pkce": "optional"}, "http://127.0.0.1/cb"),
        ({"pkce": "optional"}, "http://localhost/cb"),
        ({"pkce": "optional"}, "com.example.app:/cb"),
    ],
)
def test_all_others_need_one(flow: UserFlow, changes: dict[str, Any], uri: str) -> None:
    """RFC 9700 §2.1.1, RFC 8252 §8.1: public clients and native redirect URIs need PKCE."""
    flow.clients.add(user_client("held", redirect_uris=(uri,), **changes))
    told = answer_of(flow.authorize(client_id="held", redirect_uri=uri, **WITHOUT), uri)
    assert told["error"] == "invalid_request"


def test_a_registration_that_demands_it_by_now_counts(flow: UserFlow) -> None:
    """A code without a challenge is refused once the registration requires PKCE."""
    code = flow.get_code(client_id="free", **WITHOUT)
    flow.clients.update(user_client("free"))
    assert error_of(flow.redeem(code, client_id="free", code_verifier="")) == (400, "invalid_grant")
