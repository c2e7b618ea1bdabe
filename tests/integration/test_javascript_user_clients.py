"""npm clients complete a user's flow, and an npm server gets the same requests beside the issuer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.infrastructure.conformance_page import find_expected
from tests.integration.http import call
from tests.integration.people import person
from tests.integration.test_javascript_clients import run
from tests.integration.user_stack import PUBLIC, REDIRECT_URI, Application, claims_of, register, register_signing

if TYPE_CHECKING:
    from local.stack_file import StackFile

SCOPE = "openid email reports:read"
METHODS = ("client_secret_basic", "client_secret_post", "private_key_jwt", "none")
SECRETS = ("client_secret_basic", "client_secret_post", "none")  # all that oidc-client-ts knows
STRICT = [(script, method) for script in ("openid-client-user", "oauth4webapi-user") for method in METHODS]
EVERY = [*STRICT, *(("oidc-client-ts-user", method) for method in SECRETS)]
LOOPBACK_URI = "http://127.0.0.1:0/callback"  # of any port


def credentials(stack: StackFile, name: str) -> dict[str, Any]:
    """Return the fields that a user of this name fills in."""
    user = person(stack, name)
    return {"fields": {"email": user.email, "password": user.password}}


def named(application: Application) -> dict[str, str]:
    """Return what a client knows of itself."""
    secret = {"client_secret": application.secret} if application.secret else {}
    return {"client_id": application.client_id} | secret


@pytest.fixture(scope="module")
def told(stack: StackFile) -> dict[str, Any]:
    """Return what each client saw, by its script and its way of authentication; one process for each script."""
    confidential, signing = register(stack), register_signing(stack)
    clients: dict[str, Any] = {
        "client_secret_basic": named(confidential),
        "client_secret_post": named(confidential),
        "private_key_jwt": {"client_id": signing.client_id, "jwk": signing.key.as_dict(private=True)},
        "none": named(register(stack, **PUBLIC)),
    }
    question: dict[str, Any] = {
        "issuer": stack.issuer,
        "redirect_uri": REDIRECT_URI,
        "scope": SCOPE,
        "audience": stack.audience,
        "person": credentials(stack, "ada"),
    }
    seen: dict[str, Any] = {}
    for script, methods in (
        ("openid-client-user", METHODS),
        ("oauth4webapi-user", METHODS),
        ("oidc-client-ts-user", SECRETS),
    ):
        by_method = run(script, **question, clients={method: clients[method] for method in methods})
        for method in methods:
            seen[f"{script} {method}"] = by_method[method] | {"client_id": clients[method]["client_id"]}
    return seen


@pytest.mark.parametrize(("script", "method"), EVERY)
def test_a_user_signs_in_by_the_client(stack: StackFile, told: dict[str, Any], script: str, method: str) -> None:
    """Discovery, PKCE, nonce, state and iss: the client takes the answer, and sub is the same everywhere (R33)."""
    seen = told[f"{script} {method}"]
    claims, userinfo = seen["claims"], seen["userinfo"]
    assert (claims["iss"], claims["aud"], claims["nonce"]) == (stack.issuer, seen["client_id"], seen["nonce"])
    assert claims["exp"] > claims["iat"]
    assert isinstance(claims["auth_time"], int)
    assert (userinfo["sub"], userinfo["email"]) == (claims["sub"], person(stack, "ada").email)
    assert set(seen["token"]["scope"].split()) == set(SCOPE.split())


@pytest.mark.parametrize(("script", "method"), EVERY)
def test_the_client_refreshes_and_revokes(stack: StackFile, told: dict[str, Any], script: str, method: str) -> None:
    """The ID token of a refresh is of the same login (OIDC Core §12.2), and its grant ends as a whole (R38, R46)."""
    seen = told[f"{script} {method}"]
    for name in ("iss", "sub", "aud", "auth_time"):
        assert seen["refreshed_claims"][name] == seen["claims"][name]
    assert "nonce" not in seen["refreshed_claims"]
    assert seen["refreshed"]["refresh_token"] != seen["token"]["refresh_token"]
    assert seen["refused"]["refresh_of_the_revoked"] == "invalid_grant"
    assert call(stack.apis["http"], seen["refreshed"]["access_token"]).status_code == 403


@pytest.mark.parametrize(("script", "method"), EVERY)
def test_what_was_used_is_refused(told: dict[str, Any], script: str, method: str) -> None:
    """A code and a refresh token that come again are invalid_grant for every client (R34, R39)."""
    refused = told[f"{script} {method}"]["refused"]
    assert (refused["code_again"], refused["refresh_token_again"]) == ("invalid_grant", "invalid_grant")


@pytest.mark.parametrize(("script", "method"), STRICT)
def test_the_client_holds_us_to_what_we_announce(told: dict[str, Any], script: str, method: str) -> None:
    """Clients with our metadata refuse a missing or foreign iss (R35); the issuer refuses another verifier (R31)."""
    refused = told[f"{script} {method}"]["refused"]
    assert (refused["no_iss"], refused["other_iss"]) == ("OAUTH_INVALID_RESPONSE", "OAUTH_INVALID_RESPONSE")
    assert refused["other_verifier"] == "invalid_grant"
    assert refused["userinfo_of_the_revoked"] == "OAUTH_RESPONSE_IS_NOT_CONFORM"


@pytest.mark.parametrize(("script", "method"), [each for each in STRICT if each[1] != "none"])
def test_introspection_says_what_the_tokens_say(told: dict[str, Any], script: str, method: str) -> None:
    """The same sub as in the ID token; after the refresh token was revoked neither token is active (R46, R48)."""
    seen = told[f"{script} {method}"]
    for name in ("before", "refresh_before"):
        assert seen[name]["active"] is True
        assert (seen[name]["sub"], seen[name]["client_id"]) == (seen["claims"]["sub"], seen["client_id"])
    assert (seen["after"], seen["refresh_after"]) == ({"active": False}, {"active": False})


@pytest.mark.parametrize("method", METHODS)
def test_oauth4webapi_takes_a_users_token_as_a_resource_server(
    stack: StackFile, told: dict[str, Any], method: str
) -> None:
    """The access token of a user is one by RFC 9068 §4 too, and says how the user authenticated."""
    seen = told[f"oauth4webapi-user {method}"]
    assert (seen["access"]["sub"], seen["access"]["aud"]) == (seen["claims"]["sub"], stack.audience)
    assert seen["access"]["auth_time"] == seen["claims"]["auth_time"]


@pytest.fixture(scope="module")
def tables(stack: StackFile) -> dict[str, dict[str, str]]:
    """Return what our issuer and the reference answered to each probe."""
    clients = {
        "app": register(stack),
        "other": register(stack),
        "public": register(stack, **PUBLIC),
        "native": register(stack, **PUBLIC, redirect_uris=(LOOPBACK_URI.replace(":0/", "/"),)),
        "service": register(
            stack,
            grant_types=frozenset({"client_credentials"}),
            scopes=frozenset({"reports:read", "reports:write"}),
            redirect_uris=(),
        ),
    }
    answered: dict[str, dict[str, str]] = run(
        "probes",
        issuer=stack.issuer,
        redirect_uri=REDIRECT_URI,
        loopback_uri=LOOPBACK_URI,
        audience=stack.audience,
        api_scopes="reports:read reports:write",
        clients={name: named(each) for name, each in clients.items()},
        people={name: credentials(stack, f"{name}-of-probes") for name in ("ada", "grace")},
    )
    return answered


@pytest.mark.parametrize("server", ["ours", "reference"])
def test_the_servers_differ_where_the_page_says_so(tables: dict[str, dict[str, str]], server: str) -> None:
    """Each probe comes to what docs/conformance.md has, at both: no difference without its sentence."""
    assert tables[server] == {probe: answers[server] for probe, answers in find_expected().items()}


def test_passport_signs_a_user_in_without_pkce(stack: StackFile) -> None:
    """RFC 9700 §2.1.1: passport-openidconnect sends a nonce and no challenge, and works with `pkce` optional."""
    clients = {name: register(stack, pkce=name) for name in ("optional", "required")}
    told = run(
        "passport-user",
        issuer=stack.issuer,
        redirect_uri=REDIRECT_URI,
        scope=SCOPE,
        person=credentials(stack, "ada"),
        clients={name: named(each) for name, each in clients.items()},
    )
    seen = told["optional"]
    assert "code_challenge" not in seen["asked"]
    user, claims = seen["user"], claims_of(seen["user"]["idToken"])
    assert (user["iss"], user["profile"]["id"]) == (stack.issuer, claims["sub"])
    assert user["profile"]["emails"] == [{"value": person(stack, "ada").email}]
    assert claims["nonce"]
    assert call(stack.apis["http"], user["accessToken"]).status_code == 200
    assert clients["optional"].refresh(user["refreshToken"]).status_code == 200
    assert seen["again"]["status"] == 403
    assert told["required"]["user"] == {"refused": "invalid_request"}
