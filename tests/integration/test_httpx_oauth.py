"""httpx-oauth signs a user in, as FastAPI applications do: discovery, code, refresh, userinfo and revocation."""

from __future__ import annotations

import base64
import hashlib
import secrets
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import anyio
import httpx
import pytest
from httpx_oauth.clients.openid import OpenID
from httpx_oauth.exceptions import GetIdEmailError
from httpx_oauth.oauth2 import GetAccessTokenError, OAuth2RequestError, RefreshTokenError

from tests.integration.http import call
from tests.integration.people import person
from tests.integration.user_stack import REDIRECT_URI, claims_of, register

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from local.stack_file import StackFile

SCOPE = ["openid", "email", "reports:read"]


class PatientOpenID(OpenID):
    """The library's client with a longer timeout: the first request of a function starts its sandbox."""

    def get_httpx_client(self) -> httpx.AsyncClient:
        """Return the HTTP client of a request."""
        return httpx.AsyncClient(timeout=40, trust_env=False)


def connect(stack: StackFile, **changes: Any) -> OpenID:
    """Return the library's client, which finds the endpoints by itself."""
    _, client_id, secret = register(stack, **changes)
    url = f"{stack.issuer}/.well-known/openid-configuration"
    with pytest.MonkeyPatch.context() as patch:
        # The constructor has no parameter for the timeout of its discovery.
        patch.setattr(httpx, "Client", partial(httpx.Client, timeout=40, trust_env=False))
        return PatientOpenID(client_id, secret, url, base_scopes=SCOPE)


def redirected(stack: StackFile, client: OpenID, **challenge: Any) -> dict[str, list[str]]:
    """Return the parameters of the redirect, after a user signed in and agreed."""

    async def authorization_url() -> str:
        return await client.get_authorization_url(REDIRECT_URI, state="state-1", **challenge)

    user = person(stack, "grace")
    location = user.agree(user.browser.open(anyio.run(authorization_url))).headers["location"]
    return parse_qs(urlsplit(location).query)


def run(awaited: Awaitable[Any]) -> Any:
    """Return what the library answers."""

    async def wait() -> Any:
        return await awaited

    return anyio.run(wait)


def refusal(awaited: Awaitable[Any], error: type[OAuth2RequestError]) -> str:
    """Return our error code from the library's error."""
    with pytest.raises(error) as raised:
        run(awaited)
    assert raised.value.response is not None
    code: str = raised.value.response.json()["error"]
    return code


@pytest.mark.parametrize("pkce", ["optional", "required"])
def test_httpx_oauth_signs_a_user_in(stack: StackFile, pkce: str) -> None:
    """RFC 9700 §2.1.1: the library sends a challenge only if its user makes one (R22, R31, R33, R34, R38, R39, R46)."""
    client = connect(stack, pkce=pkce)
    assert client.token_endpoint_auth_method == "client_secret_basic"
    verifier = secrets.token_urlsafe(32)
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    challenge = {"code_challenge": digest, "code_challenge_method": "S256"} if pkce == "required" else {}
    answer = redirected(stack, client, **challenge)
    code, proof = answer["code"][0], verifier if challenge else None
    first = run(client.get_access_token(code, REDIRECT_URI, proof))
    user = person(stack, "grace")
    assert (answer["state"], answer["iss"]) == (["state-1"], [stack.issuer])
    assert first.is_expired() is False
    assert claims_of(first["id_token"])["sub"] == user.subject
    assert run(client.get_id_email(first["access_token"])) == (user.subject, user.email)

    second = run(client.refresh_token(first["refresh_token"]))
    assert second["refresh_token"] != first["refresh_token"]
    assert call(stack.apis["http"], second["access_token"]).status_code == 200
    run(client.revoke_token(second["refresh_token"], "refresh_token"))
    assert call(stack.apis["http"], second["access_token"]).status_code == 403
    assert refusal(client.refresh_token(second["refresh_token"]), RefreshTokenError) == "invalid_grant"
    assert refusal(client.get_access_token(code, REDIRECT_URI, proof), GetAccessTokenError) == "invalid_grant"
    with pytest.raises(GetIdEmailError):
        run(client.get_id_email(second["access_token"]))


def test_httpx_oauth_gets_no_code_without_a_required_challenge(stack: StackFile) -> None:
    """A client that is registered for PKCE gets `invalid_request` without a challenge (R31)."""
    assert redirected(stack, connect(stack))["error"] == ["invalid_request"]


def test_httpx_oauth_shows_our_refusal_of_a_secret(stack: StackFile) -> None:
    """A wrong secret is the library's error with our 401 (RFC 6749 §5.2)."""
    client = connect(stack)
    client.client_secret = "wrong"
    assert refusal(client.get_access_token("unheard-of", REDIRECT_URI), GetAccessTokenError) == "invalid_client"
