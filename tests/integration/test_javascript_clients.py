"""Clients of the npm world, which nobody here wrote, against the issuer through the front proxy."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes.node_script import run_script
from tests.integration.http import get_token, statuses

if TYPE_CHECKING:
    from local.stack_file import StackFile

FOLDER = Path(__file__).parent / "javascript"
NOT_RUN = "NOT RUN: the npm clients are not installed: make test-stack"
VERIFIERS = ("jose", "jwks-rsa", "aws-jwt-verify")


def find_node() -> str:
    """Return Node, where the clients are installed; else say so, and fail in CI."""
    node = os.environ.get("KEYTURN_NODE") or shutil.which("node")
    if node is not None and (FOLDER / "node_modules").exists():
        return node
    if os.environ.get("CI"):
        pytest.fail(NOT_RUN)
    pytest.skip(NOT_RUN)


def run(script: str, **question: Any) -> Any:
    """Return what a script answers to a question; its error is the library's."""
    return run_script(find_node(), FOLDER / f"{script}.mjs", question, timeout=180)


def verify(stack: StackFile, script: str, token: str, audience: str | None = None) -> Any:
    """Return what a verifier says of a token."""
    return run(
        script,
        issuer=stack.issuer,
        jwks_uri=stack.outputs["JwksUrl"],
        audience=audience or stack.audience,
        token=token,
    )


def tell(stack: StackFile, script: str, method: str) -> Any:
    """Return what a client saw of the life of a token."""
    return run(
        script,
        issuer=stack.issuer,
        client_id=stack.client_id,
        client_secret=stack.client_secret,
        method=method,
        scope=stack.scope,
        audience=stack.audience,
    )


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
@pytest.mark.parametrize("script", ["openid-client", "oauth4webapi"])
def test_a_client_discovers_asks_introspects_and_revokes(stack: StackFile, script: str, method: str) -> None:
    """From the issuer's URL alone, the client finds every endpoint and ends the token that it got (R22, R46, R48)."""
    told = tell(stack, script, method)
    assert told["token"]["scope"] == stack.scope
    assert told["before"]["active"] is True
    assert told["before"]["client_id"] == stack.client_id
    assert told["after"] == {"active": False}
    assert 200 not in statuses(stack, told["token"]["access_token"]).values()


@pytest.mark.parametrize("script", VERIFIERS)
def test_a_verifier_takes_our_token_by_our_keys(stack: StackFile, script: str) -> None:
    """Signature, issuer and audience hold for a library that has never heard of us."""
    claims = verify(stack, script, get_token(stack))["claims"]
    assert (claims["iss"], claims["aud"], claims["client_id"]) == (stack.issuer, stack.audience, stack.client_id)


@pytest.mark.parametrize("script", VERIFIERS)
def test_a_verifier_refuses_what_we_would_refuse(stack: StackFile, script: str) -> None:
    """One changed byte of the signature, or another audience: the key set gives no library a reason to accept."""
    token = get_token(stack)
    head, _, signature = token.rpartition(".")
    changed = f"{head}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"
    assert "refused" in verify(stack, script, changed)
    assert "refused" in verify(stack, script, token, audience="https://other.example.com")


def test_oauth4webapi_takes_our_token_as_a_resource_server(stack: StackFile) -> None:
    """The token is an access token by RFC 9068 §4 for a resource server that validates it to the letter."""
    assert tell(stack, "oauth4webapi", "client_secret_basic")["claims"]["sub"] == stack.client_id
