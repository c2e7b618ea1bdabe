"""npm clients of web applications complete a user's flow, each as its own documentation shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.http import call
from tests.integration.people import person
from tests.integration.test_javascript_clients import run
from tests.integration.test_javascript_user_clients import credentials, named
from tests.integration.user_stack import PUBLIC, REDIRECT_URI, claims_of, register, register_signing

if TYPE_CHECKING:
    from local.stack_file import StackFile
    from tests.integration.user_stack import Application

SCOPE = "openid email reports:read"
ORIGIN = "https://shop.example.com"
CALLBACK = (f"{ORIGIN}/auth/callback/keyturn",)
REFUSED_AGAIN = {
    "refresh_of_the_revoked": "invalid_grant",
    "code_again": "invalid_grant",
    "refresh_token_again": "invalid_grant",
}


def register_service(stack: StackFile) -> Application:
    """Register a client that gets tokens in its own name."""
    grants, scopes = frozenset({"client_credentials"}), frozenset({"reports:read"})
    return register(stack, grant_types=grants, scopes=scopes, redirect_uris=())


def ask(stack: StackFile, script: str, **clients: dict[str, Any]) -> dict[str, Any]:
    """Return what a library saw, by the name of a client."""
    told: dict[str, Any] = run(
        script,
        issuer=stack.issuer,
        redirect_uri=REDIRECT_URI,
        origin=ORIGIN,
        scope=SCOPE,
        audience=stack.audience,
        person=credentials(stack, "ada"),
        clients=clients,
        service=named(register_service(stack)),
    )
    return told


@pytest.fixture(scope="module")
def simple(stack: StackFile) -> dict[str, Any]:
    """Return what simple-oauth2 saw: without a challenge, with one, and without one where it is required."""
    return ask(
        stack,
        "simple-oauth2-user",
        optional=named(register(stack, pkce="optional")),
        required=named(register(stack)),
        unchallenged=named(register(stack)),
    )


@pytest.mark.parametrize(("client", "challenged"), [("optional", False), ("required", True)])
def test_simple_oauth2_signs_a_user_in(stack: StackFile, simple: dict[str, Any], client: str, challenged: bool) -> None:
    """RFC 9700 §2.1.1: simple-oauth2 works without a challenge if `pkce` is optional, and passes one on (R31, R33)."""
    seen = simple[client]
    assert ("code_challenge=" in seen["asked"]) is challenged
    assert (seen["state"]["received"], seen["iss"]) == (seen["state"]["sent"], stack.issuer)
    assert set(seen["token"]["scope"].split()) == set(SCOPE.split())
    assert seen["expired"] is False
    assert claims_of(seen["token"]["id_token"])["sub"] == person(stack, "ada").subject


@pytest.mark.parametrize("client", ["optional", "required"])
def test_simple_oauth2_refreshes_and_revokes(stack: StackFile, simple: dict[str, Any], client: str) -> None:
    """simple-oauth2 takes the answer of a revocation, and reads `invalid_grant` from each refusal (R38, R39, R46)."""
    seen = simple[client]
    assert seen["refreshed"]["refresh_token"] != seen["token"]["refresh_token"]
    assert seen["revoked"] == "not refused"
    assert seen["refused"] == REFUSED_AGAIN
    assert call(stack.apis["http"], seen["refreshed"]["access_token"]).status_code == 403


def test_simple_oauth2_reads_the_refusal_of_a_request_without_a_challenge(simple: dict[str, Any]) -> None:
    """A client that is registered for PKCE gets `invalid_request` without a challenge (R31)."""
    assert simple["unchallenged"]["refused"] == {"code": "invalid_request"}


def test_simple_oauth2_gets_and_revokes_a_token_of_its_own(stack: StackFile, simple: dict[str, Any]) -> None:
    """simple-oauth2 gets a token by client credentials, revokes it, and reads `invalid_client` (R22, R46)."""
    seen = simple["service"]
    assert seen["token"]["scope"] == "reports:read"
    assert (seen["revoked"], seen["refused"]) == ("not refused", "invalid_client")
    assert call(stack.apis["http"], seen["token"]["access_token"]).status_code == 403


@pytest.fixture(scope="module")
def badgateway(stack: StackFile) -> dict[str, Any]:
    """Return what @badgateway/oauth2-client saw as a confidential and as a public client."""
    return ask(
        stack,
        "badgateway-user",
        confidential=named(register(stack)),
        public=named(register(stack, **PUBLIC)),
    )


@pytest.mark.parametrize("client", ["confidential", "public"])
def test_badgateway_discovers_signs_in_and_refreshes(stack: StackFile, badgateway: dict[str, Any], client: str) -> None:
    """The client finds each endpoint in RFC 8414's document, and refreshes with less scope and back (R33, R38)."""
    seen = badgateway[client]
    assert seen["method"] == "client_secret_basic"
    assert claims_of(seen["token"]["idToken"])["sub"] == person(stack, "ada").subject
    scopes = [sorted(token["scope"]) for token in (seen["token"], *seen["refreshed"])]
    assert scopes == [sorted(SCOPE.split()), ["openid", "reports:read"], sorted(SCOPE.split())]


@pytest.mark.parametrize("client", ["confidential", "public"])
def test_badgateway_reads_our_refusals(stack: StackFile, badgateway: dict[str, Any], client: str) -> None:
    """The client revokes the grant, and reads error codes of redirects and answers (R26, R27, R34, R39, R46)."""
    seen = badgateway[client]
    assert seen["refused"] == REFUSED_AGAIN | {"scope": "invalid_scope", "resource": "invalid_target"}
    assert call(stack.apis["http"], seen["refreshed"][1]["accessToken"]).status_code == 403


def test_badgateway_introspects_before_and_after_the_revocation(badgateway: dict[str, Any]) -> None:
    """A revoked refresh token leaves its access token inactive for the introspecting client (R46, R48)."""
    seen = badgateway["confidential"]
    assert (seen["before"]["active"], seen["after"]) == (True, {"active": False})


def test_the_fetch_of_badgateway_renews_a_refused_token(badgateway: dict[str, Any]) -> None:
    """A service's fetch takes another token after a 401, introspects and revokes it (R22, R46, R48)."""
    seen = badgateway["service"]
    assert (seen["status"], seen["renewed"]) == (200, True)
    assert seen["token"]["scope"] == ["reports:read"]
    assert (seen["before"]["active"], seen["after"]) == (True, {"active": False})
    assert seen["refused"] == {"secret": "invalid_client", "scope": "invalid_scope"}


@pytest.fixture(scope="module")
def auth_core(stack: StackFile) -> dict[str, Any]:
    """Return what @auth/core saw with each way of client authentication."""
    app = named(register(stack, redirect_uris=CALLBACK))
    signing = register_signing(stack, redirect_uris=CALLBACK, token_endpoint_audience=True)
    return ask(
        stack,
        "auth-core-user",
        client_secret_basic=app,
        client_secret_post=app,
        none=named(register(stack, **PUBLIC, redirect_uris=CALLBACK)),
        private_key_jwt={"client_id": signing.client_id, "jwk": signing.key.as_dict(private=True)},
    )


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "none"])
def test_auth_core_signs_a_user_in(stack: StackFile, auth_core: dict[str, Any], method: str) -> None:
    """Auth.js discovers the issuer, checks state, nonce and iss, and keeps userinfo in its session (R33, R35)."""
    seen, user = auth_core[method], person(stack, "ada")
    assert {"code_challenge", "state", "nonce"} <= seen["asked"].keys()
    assert (seen["to"], seen["causes"]) == (f"{ORIGIN}/home", [])
    assert seen["session"]["user"] == {"email": user.email}
    assert seen["profile"] == {"sub": user.subject, "email": user.email, "email_verified": True}
    assert claims_of(seen["account"]["id_token"])["nonce"] == seen["asked"]["nonce"]
    assert claims_of(seen["account"]["access_token"])["aud"] == stack.audience


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "none"])
def test_auth_core_shows_its_error_page_for_a_used_code(
    stack: StackFile, auth_core: dict[str, Any], method: str
) -> None:
    """A code that comes again is `invalid_grant` in the application's log, and revokes its grant (R34)."""
    again = auth_core[method]["again"]
    assert again["to"].startswith(f"{ORIGIN}/auth/error?")
    assert "invalid_grant" in again["causes"]
    assert call(stack.apis["http"], auth_core[method]["account"]["access_token"]).status_code == 403


def test_auth_core_takes_our_error_from_the_redirect(auth_core: dict[str, Any]) -> None:
    """An authorization request that is refused reaches the application's log with its error code (R26)."""
    refused = auth_core["client_secret_basic"]["refused"]
    assert refused["to"] == f"{ORIGIN}/auth/signin?error=OAuthCallbackError"
    assert "invalid_target" in refused["causes"]


def test_the_assertion_of_auth_core_names_two_audiences_and_is_refused(auth_core: dict[str, Any]) -> None:
    """A list of audiences is refused, the token endpoint among them or not (draft-ietf-oauth-rfc7523bis §4)."""
    seen = auth_core["private_key_jwt"]
    assert "account" not in seen
    assert "invalid_client" in seen["causes"]
