"""The MCP SDK of PyPI: its client signs a user in at the issuer that its server names, or acts in its own name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import anyio
import httpx2
import pytest
from joserfc.jwk import RSAKey
from mcp import Client
from mcp.client.auth import OAuthClientProvider, OAuthTokenError
from mcp.client.auth.extensions.client_credentials import (
    ClientCredentialsOAuthProvider,
    PrivateKeyJWTOAuthProvider,
    SignedJWTParameters,
)
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientInformationFull, OAuthClientMetadata, OAuthToken

from tests.integration.http import CLIENT, get_token
from tests.integration.mcp_server import mcp_server
from tests.integration.people import person
from tests.integration.user_stack import PUBLIC, claims_of, register

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.stack_file import StackFile
    from tests.integration.user_stack import Application

SCOPE = "reports:read"
REDIRECT_URI = "http://127.0.0.1:33418/callback"  # a native application chooses the port (RFC 8252 §7.3)
USERS: dict[str, Any] = {"redirect_uris": ("http://127.0.0.1/callback",)}
SERVICE: dict[str, Any] = {
    "grant_types": frozenset({"client_credentials"}),
    "scopes": frozenset({SCOPE}),
    "redirect_uris": (),
}


@pytest.fixture(scope="module")
def url(stack: StackFile) -> Iterator[str]:
    """Return the URL of a server of the PyPI SDK."""
    with mcp_server(stack, SCOPE) as at:
        yield at


class Storage:
    """Storage of an application: its registration, and its user's tokens."""

    def __init__(self, registration: OAuthClientInformationFull | None = None) -> None:
        self.registration = registration
        self.tokens: OAuthToken | None = None

    async def get_tokens(self) -> OAuthToken | None:
        """Return the stored tokens."""
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        """Store tokens."""
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        """Return the registration."""
        return self.registration

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        """Store a registration."""
        self.registration = client_info


def call_whoami(url: str, provider: httpx2.Auth) -> str:
    """Return what the tool answers a client with this provider of tokens."""

    async def call() -> str:
        async with (
            httpx2.AsyncClient(auth=provider, timeout=40, trust_env=False) as http,
            Client(streamable_http_client(url, http_client=http)) as client,
        ):
            result = await client.call_tool("whoami", {})
            return str(result.content[0].text)  # type: ignore[union-attr]  # the tool returns text alone

    return anyio.run(call)


class Desk:
    """The handlers that send the user's browser to the issuer, and read the redirect."""

    def __init__(self, stack: StackFile, name: str) -> None:
        self._user = person(stack, name)
        self.asked: list[dict[str, list[str]]] = []
        self._answer: dict[str, list[str]] = {}

    async def redirect(self, to: str) -> None:
        """Let the user sign in and agree."""
        self.asked.append(parse_qs(urlsplit(to).query))
        location = self._user.agree(self._user.browser.open(to)).headers["location"]
        assert location.startswith(REDIRECT_URI)
        self._answer = parse_qs(urlsplit(location).query)

    async def callback(self) -> AuthorizationCodeResult:
        """Return the parameters of the redirect."""
        return AuthorizationCodeResult(**{name: self._answer[name][0] for name in ("code", "state", "iss")})


def provider_of(url: str, client: Application, desk: Desk, method: str) -> tuple[OAuthClientProvider, Storage]:
    """Return the SDK's provider of a registered client of users, and its storage."""
    fields: Any = {"redirect_uris": [REDIRECT_URI], "token_endpoint_auth_method": method}
    known: Any = {"client_id": client.client_id, "client_secret": client.secret or None, "issuer": client.stack.issuer}
    storage = Storage(OAuthClientInformationFull(**fields, **known))
    return OAuthClientProvider(url, OAuthClientMetadata(**fields), storage, desk.redirect, desk.callback), storage


@pytest.mark.parametrize("method", ["none", "client_secret_post"])
def test_the_pypi_sdk_signs_a_user_in_and_refreshes(stack: StackFile, url: str, method: str) -> None:
    """The client asks for offline_access with prompt=consent, checks iss, and refreshes by itself (R33, R35, R38)."""
    client = register(stack, **(PUBLIC if method == "none" else {}), **USERS, audiences=(url,))
    desk = Desk(stack, "grace")
    provider, storage = provider_of(url, client, desk, method)
    expected = f"{person(stack, 'grace').subject} {client.client_id}"
    assert call_whoami(url, provider) == expected
    first = storage.tokens
    assert first is not None
    assert first.refresh_token is not None
    assert (desk.asked[0]["resource"], desk.asked[0]["prompt"]) == ([url], ["consent"])
    assert claims_of(first.access_token)["scope"] == SCOPE

    provider.context.token_expiry_time = 1.0
    assert call_whoami(url, provider) == expected
    second = storage.tokens
    assert second is not None
    assert second.refresh_token not in (None, first.refresh_token)
    assert len(desk.asked) == 1

    token = {"token": second.refresh_token, "client_id": client.client_id}
    assert CLIENT.post(f"{stack.issuer}/oauth2/revoke", data=token, auth=client.auth).status_code == 200
    provider.context.token_expiry_time = 1.0
    assert call_whoami(url, provider) == expected
    assert len(desk.asked) == 2


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_the_pypi_sdk_gets_a_token_of_its_own(stack: StackFile, url: str, method: Any) -> None:
    """The client credentials provider takes our metadata for its configured issuer, and gets a token (R22, R51)."""
    client = register(stack, **SERVICE, audiences=(url,))
    provider = ClientCredentialsOAuthProvider(url, Storage(), *client[1:], method, issuer=stack.issuer)
    assert call_whoami(url, provider) == f"{client.client_id} {client.client_id}"


def test_the_pypi_sdk_authenticates_by_an_assertion_without_a_kid(stack: StackFile, url: str) -> None:
    """The SDK signs for the issuer identifier, and names no key (RFC 7523 §3, OpenID Connect Core §10.1)."""
    key = RSAKey.generate_key(2048, {"alg": "RS256", "kid": "key-1", "use": "sig"})
    keys: dict[str, Any] = {"secret_hashes": (), "jwks": (key.as_dict(private=False),)}
    methods = frozenset({"private_key_jwt"})
    client = register(stack, **SERVICE, **keys, authentication=methods, audiences=(url,)).client_id
    signed = SignedJWTParameters(issuer=client, subject=client, signing_key=key.as_pem(private=True).decode())
    sign = signed.create_assertion_provider()
    provider = PrivateKeyJWTOAuthProvider(url, Storage(), client, sign, issuer=stack.issuer)
    assert call_whoami(url, provider) == f"{client} {client}"


def test_the_pypi_sdk_shows_our_refusal(stack: StackFile, url: str) -> None:
    """A wrong secret ends the SDK's flow with our error code (RFC 6749 §5.2)."""
    client = register(stack, **SERVICE, audiences=(url,))
    provider = ClientCredentialsOAuthProvider(url, Storage(), client.client_id, "wrong", issuer=stack.issuer)
    with pytest.RaisesGroup(pytest.RaisesExc(OAuthTokenError, match="invalid_client"), flatten_subgroups=True):
        call_whoami(url, provider)


def test_a_token_for_another_server_opens_nothing(stack: StackFile, url: str) -> None:
    """The server refuses our token for another audience, and names its metadata (RFC 8707 §2, RFC 9728 §5.1)."""
    answer = CLIENT.post(url, headers={"Authorization": f"Bearer {get_token(stack)}"}, json={})
    assert answer.status_code == 401
    assert "resource_metadata=" in answer.headers["www-authenticate"]
