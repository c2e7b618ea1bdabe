"""A user's flow by Python clients that nobody here wrote, against the issuer through the front proxy."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session as AuthlibSession
from authlib.oauth2.rfc7523 import PrivateKeyJWT, private_key_jwt_sign
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import KeySet
from joserfc.jwt import JWTClaimsRegistry
from oauthlib.oauth2 import InvalidGrantError
from requests_oauthlib import OAuth2Session

from tests.integration.http import CLIENT, statuses
from tests.integration.people import person
from tests.integration.user_stack import PUBLIC, REDIRECT_URI, register, register_signing

if TYPE_CHECKING:
    from local.stack_file import StackFile

SCOPE = "openid email reports:read"
METHODS = ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"]


@pytest.fixture(scope="module")
def metadata(stack: StackFile) -> dict[str, Any]:
    """Return what the issuer says of itself."""
    found: dict[str, Any] = CLIENT.get(f"{stack.issuer}/.well-known/openid-configuration").json()
    return found


class KeyedAssertion(PrivateKeyJWT):
    """Authlib's private_key_jwt with a kid, which it leaves out by itself."""

    def sign(self, auth: Any, audience: str) -> Any:
        """Return an assertion for the audience (RFC 7523 §3), which Authlib calls the token endpoint."""
        key: Any = auth.client_secret
        return private_key_jwt_sign(key, auth.client_id, audience, alg="ES256", header={"kid": key.kid})


def answer_to(stack: StackFile, url: str, name: str) -> str:
    """Return the redirect URI with the answer, after a user of this name signed in and agreed in the browser."""
    user = person(stack, name)
    location: str = user.agree(user.browser.open(url)).headers["location"]
    return location


def open_session(stack: StackFile, metadata: dict[str, Any], method: str) -> AuthlibSession:
    """Return Authlib's session of a client that authenticates in a way."""
    assert method in metadata["token_endpoint_auth_methods_supported"]
    secret: Any
    if method == "private_key_jwt":
        client_id, secret = register_signing(stack)
    else:
        _, client_id, secret = register(stack, **(PUBLIC if method == "none" else {}))
    session = AuthlibSession(
        client_id,
        secret or None,
        token_endpoint_auth_method=method,
        revocation_endpoint_auth_method=method,
        scope=SCOPE,
        redirect_uri=REDIRECT_URI,
        code_challenge_method="S256",
    )
    session.trust_env = False
    if method == "private_key_jwt":
        session.register_client_auth_method(KeyedAssertion(metadata["issuer"]))
    return session


def verify(metadata: dict[str, Any], tokens: dict[str, Any], client_id: str, audience: str) -> dict[str, Any]:
    """Return the claims of the ID token, once joserfc and PyJWT agree about it and about the access token."""
    jwks = CLIENT.get(metadata["jwks_uri"]).json()
    for token, aud, typ in ((tokens["id_token"], client_id, "JWT"), (tokens["access_token"], audience, "at+jwt")):
        expected: Any = {"iss": {"value": metadata["issuer"]}, "aud": {"value": aud}, "exp": {"essential": True}}
        read = joserfc_jwt.decode(token, KeySet.import_key_set(jwks), algorithms=["RS256"])
        JWTClaimsRegistry(leeway=5, **expected).validate(read.claims)
        assert read.header.get("typ", "JWT") == typ
        key = jwt.PyJWKSet.from_dict(jwks)[read.header["kid"]]
        same = jwt.decode(token, key, algorithms=["RS256"], issuer=metadata["issuer"], audience=aud, leeway=5)
        assert same == read.claims
    claims: dict[str, Any] = joserfc_jwt.decode(tokens["id_token"], KeySet.import_key_set(jwks)).claims
    return claims


@pytest.mark.parametrize("method", METHODS)
def test_authlib_takes_a_user_through_the_whole_flow(stack: StackFile, metadata: dict[str, Any], method: str) -> None:
    """Authlib logs a user in, refreshes, asks and revokes, by each way to authenticate (R22, R33, R38, R46)."""
    with open_session(stack, metadata, method) as client:
        verifier, nonce = secrets.token_urlsafe(32), secrets.token_urlsafe(16)
        url, state = client.create_authorization_url(
            metadata["authorization_endpoint"], code_verifier=verifier, nonce=nonce
        )
        answer = answer_to(stack, url, "ada")
        asked = {"authorization_response": answer, "state": state, "code_verifier": verifier}
        tokens = client.fetch_token(metadata["token_endpoint"], **asked)
        claims = verify(metadata, tokens, client.client_id, stack.audience)
        assert claims["nonce"] == nonce
        userinfo = client.get(metadata["userinfo_endpoint"]).json()
        assert userinfo == {"sub": claims["sub"], "email": person(stack, "ada").email, "email_verified": True}

        old = dict(tokens)
        new = client.refresh_token(metadata["token_endpoint"])
        again = verify(metadata, new, client.client_id, stack.audience)
        assert {name: again[name] for name in ("iss", "sub", "aud", "auth_time")} == {
            name: claims[name] for name in ("iss", "sub", "aud", "auth_time")
        }
        assert set(statuses(stack, new["access_token"]).values()) == {200}
        if method != "none":  # a public client may not ask
            told = client.introspect_token(metadata["introspection_endpoint"], new["access_token"]).json()
            assert (told["active"], told["sub"], told["client_id"]) == (True, claims["sub"], client.client_id)

        revoked = client.revoke_token(  # type: ignore[no-untyped-call]  # the stubs leave it out
            metadata["revocation_endpoint"], new["refresh_token"], token_type_hint="refresh_token"
        )
        assert revoked.status_code == 200
        if method != "none":
            ended = client.introspect_token(metadata["introspection_endpoint"], new["access_token"]).json()
            assert ended == {"active": False}
        assert client.get(metadata["userinfo_endpoint"]).status_code == 401
        assert 200 not in statuses(stack, old["access_token"]).values()
        for token in (old["refresh_token"], new["refresh_token"]):
            with pytest.raises(OAuthError, match="invalid_grant"):
                client.refresh_token(metadata["token_endpoint"], refresh_token=token)
        with pytest.raises(OAuthError, match="invalid_grant"):
            client.fetch_token(metadata["token_endpoint"], **asked)


@pytest.mark.parametrize("method", ["client_secret_basic", "none"])
def test_requests_oauthlib_takes_a_user_through_the_whole_flow(
    stack: StackFile, metadata: dict[str, Any], method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """requests-oauthlib logs in with PKCE, and refreshes by itself when a token is over (R31, R33, R38, R39)."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")  # the embedded issuer is on http, on loopback alone
    application = register(stack, **(PUBLIC if method == "none" else {}))
    renewed: list[dict[str, Any]] = []
    named: dict[str, Any] = {"client_id": application.client_id}
    session = OAuth2Session(
        application.client_id,
        scope=SCOPE.split(),
        redirect_uri=REDIRECT_URI,
        pkce="S256",
        auto_refresh_url=metadata["token_endpoint"],
        auto_refresh_kwargs=named | ({"client_secret": application.secret} if application.secret else {}),
        token_updater=renewed.append,
    )
    session.trust_env = False
    url, _ = session.authorization_url(metadata["authorization_endpoint"], nonce="n-1")
    credentials: dict[str, Any] = (
        {"client_secret": application.secret} if application.secret else {"include_client_id": True}
    )
    answer = answer_to(stack, url, "grace")
    first = session.fetch_token(metadata["token_endpoint"], authorization_response=answer, **credentials)
    claims = verify(metadata, first, application.client_id, stack.audience)
    assert claims["nonce"] == "n-1"
    assert {session.get(api, timeout=40).status_code for api in stack.apis.values()} == {200}
    assert renewed == []

    session.token = dict(first) | {"expires_at": 1.0, "expires_in": -1}
    assert session.get(metadata["userinfo_endpoint"], timeout=40).json()["sub"] == claims["sub"]
    [second] = renewed
    assert second["refresh_token"] != first["refresh_token"]
    verify(metadata, second, application.client_id, stack.audience)
    session.refresh_token(metadata["token_endpoint"], second["refresh_token"], **session.auto_refresh_kwargs)
    with pytest.raises(InvalidGrantError):
        session.refresh_token(metadata["token_endpoint"], first["refresh_token"], **session.auto_refresh_kwargs)
    with pytest.raises(InvalidGrantError):
        session.fetch_token(metadata["token_endpoint"], authorization_response=answer, **credentials)
