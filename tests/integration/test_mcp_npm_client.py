"""The MCP SDK of npm: its server sends an unknown caller to the issuer, and its client signs a user in there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.people import person
from tests.integration.test_javascript_clients import run
from tests.integration.test_javascript_user_clients import credentials, named
from tests.integration.user_stack import PUBLIC, claims_of, register, register_signing

if TYPE_CHECKING:
    from local.stack_file import StackFile

URL = "https://mcp.example.com/mcp"
BARE_URL = "https://tools.example.com"
SCOPE = "reports:read"
REDIRECT_URI = "http://127.0.0.1:33418/callback"  # a native application chooses the port (RFC 8252 §7.3)
USERS: dict[str, Any] = {"redirect_uris": ("http://127.0.0.1/callback",), "audiences": (URL,)}
SERVICE: dict[str, Any] = {
    "grant_types": frozenset({"client_credentials"}),
    "scopes": frozenset({SCOPE}),
    "redirect_uris": (),
}


@pytest.fixture(scope="module")
def npm(stack: StackFile) -> dict[str, Any]:
    """Return what the npm SDK saw as a public client, as a confidential one, and in its own name."""
    signing = register_signing(stack, **SERVICE, audiences=(URL,))
    told: dict[str, Any] = run(
        "mcp-user",
        issuer=stack.issuer,
        redirect_uri=REDIRECT_URI,
        url=URL,
        bare_url=BARE_URL,
        scope=SCOPE,
        person=credentials(stack, "ada"),
        clients={
            "none": named(register(stack, **PUBLIC, **USERS)),
            "client_secret_basic": named(register(stack, **USERS)),
        },
        service=named(register(stack, **SERVICE, audiences=(URL, BARE_URL))),
        signing={"client_id": signing.client_id, "jwk": signing.key.as_dict(private=True)},
        introspector=named(register(stack, **SERVICE, introspects=frozenset({URL, BARE_URL}))),
    )
    return told


def test_the_npm_sdk_walks_from_a_401_to_our_metadata(stack: StackFile, npm: dict[str, Any]) -> None:
    """The 401 names the resource's metadata (RFC 9728 §5.1), which leads to the issuer's (RFC 8414 §3, R51)."""
    walked = [
        f"POST {URL} 401",
        "GET https://mcp.example.com/.well-known/oauth-protected-resource/mcp 200",
        f"GET {stack.issuer}/.well-known/oauth-authorization-server 200",
    ]
    assert npm["requests"][: len(walked)] == walked
    assert not [each for each in npm["requests"] if "/register" in each]


@pytest.mark.parametrize("method", ["none", "client_secret_basic"])
def test_the_npm_sdk_signs_a_user_in(stack: StackFile, npm: dict[str, Any], method: str) -> None:
    """A registered client names the server as `resource`, and its token is for that server alone (R27, R33)."""
    seen = npm[method]
    assert (seen["asked"]["resource"], seen["asked"]["code_challenge_method"]) == (URL, "S256")
    assert claims_of(seen["first"]["access_token"])["aud"] == URL
    assert (seen["user"]["sub"], seen["user"]["scopes"]) == (person(stack, "ada").subject, [SCOPE])


@pytest.mark.parametrize("method", ["none", "client_secret_basic"])
def test_the_npm_sdk_refreshes_after_a_401_and_signs_in_again_once_the_grant_is_revoked(
    npm: dict[str, Any], method: str
) -> None:
    """A revoked access token costs a refresh; a revoked grant is `invalid_grant`, and costs a sign-in (R38, R46)."""
    seen = npm[method]
    assert seen["second"]["refresh_token"] != seen["first"]["refresh_token"]
    assert seen["sign_ins"] == [1, 2]
    assert seen["user"] == seen["after_access_token"] == seen["after_grant"]


def test_the_npm_sdk_gets_a_token_of_its_own(npm: dict[str, Any]) -> None:
    """The client credentials extension takes our token, and reads `invalid_client` for a wrong secret (R22)."""
    assert (npm["service"]["sub"], npm["service"]["scopes"]) == (npm["service"]["clientId"], [SCOPE])
    assert npm["stranger"] == "invalid_client"


def test_the_npm_sdk_authenticates_by_an_assertion_without_a_kid(npm: dict[str, Any]) -> None:
    """The SDK signs for the issuer identifier, and names no key (RFC 7523 §3, OpenID Connect Core §10.1)."""
    assert npm["signing"]["sub"] == npm["signing"]["clientId"]


def test_the_npm_sdk_gets_a_token_for_a_server_without_a_path(npm: dict[str, Any]) -> None:
    """The SDK asks for the URL with a slash, and the token is for the registered audience (RFC 3986 §6.2.3, R27)."""
    assert claims_of(npm["bare"])["aud"] == BARE_URL
