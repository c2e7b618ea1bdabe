"""The issuer over HTTP on the embedded stack: KMS signs, DynamoDB stores, the front proxy stands for the gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jwt
import pytest
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import KeySet as JoserfcKeySet

from keyturn.adapters.aws.system_clock import wall_seconds
from tests.integration.http import CLIENT, ask, get_token, post

if TYPE_CHECKING:
    from local.stack_file import StackFile


def test_a_token_verifies_with_pyjwt_against_the_jwks(stack: StackFile) -> None:
    """A stranger's verifier needs the JWKS alone: PyJWT's PyJWKClient finds the key and the claims hold (R28, R52)."""
    raw = get_token(stack)
    key = jwt.PyJWKClient(stack.outputs["JwksUrl"]).get_signing_key_from_jwt(raw)
    claims = jwt.decode(raw, key, algorithms=["RS256"], issuer=stack.issuer, audience=stack.audience)
    assert claims["sub"] == claims["client_id"] == stack.client_id
    assert claims["scope"] == "reports:read reports:write"
    assert claims["exp"] - claims["iat"] == 300
    assert abs(claims["iat"] - wall_seconds()) < 5
    assert jwt.get_unverified_header(raw) == {"typ": "at+jwt", "alg": "RS256", "kid": key.key_id}


def test_a_token_verifies_with_joserfc_against_the_jwks(stack: StackFile) -> None:
    """joserfc reads the same JWKS and finds the same claims."""
    keys = JoserfcKeySet.import_key_set(CLIENT.get(stack.outputs["JwksUrl"]).json())
    token = joserfc_jwt.decode(get_token(stack), keys, algorithms=["RS256"])
    assert token.claims["iss"] == stack.issuer
    assert token.header["typ"] == "at+jwt"


@pytest.mark.parametrize("path", ["oauth-authorization-server", "openid-configuration"])
def test_the_metadata_names_the_issuer_byte_for_byte(stack: StackFile, path: str) -> None:
    """RFC 8414 metadata is served on both paths and leads to the endpoints that answer (R51)."""
    metadata = CLIENT.get(f"{stack.issuer}/.well-known/{path}").json()
    assert metadata["issuer"] == stack.issuer
    assert metadata["token_endpoint"] == stack.token_endpoint
    assert CLIENT.get(metadata["jwks_uri"]).json()["keys"]


def test_the_jwks_has_an_etag_and_no_private_member(stack: StackFile) -> None:
    """The JWKS can be cached and revalidated, and holds public members alone (R52, I9)."""
    answer = CLIENT.get(stack.outputs["JwksUrl"])
    assert "max-age=1" in answer.headers["Cache-Control"]
    for key in answer.json()["keys"]:
        assert key.keys() == {"kty", "n", "e", "kid", "alg", "use"}
    again = CLIENT.get(stack.outputs["JwksUrl"], headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_a_narrower_scope_is_granted_as_asked(stack: StackFile) -> None:
    """A subset of the client's scopes is what the token carries (R26)."""
    answer = ask(stack, scope="reports:read").json()
    assert answer["scope"] == "reports:read"
    assert answer["token_type"] == "Bearer"
    assert answer["expires_in"] == 300


@pytest.mark.parametrize(
    ("request_", "status", "error"),
    [
        ({"auth": ("nobody", "x")}, 401, "invalid_client"),
        ({"auth": ("demo", "wrong")}, 401, "invalid_client"),
        (
            {"data": {"grant_type": "client_credentials", "client_id": "demo", "client_secret": "x"}},
            400,
            "invalid_request",
        ),
        ({"data": {"grant_type": "password"}}, 400, "unsupported_grant_type"),
        ({"data": {}}, 400, "invalid_request"),
        ({"data": {"grant_type": "client_credentials", "scope": "unknown"}}, 400, "invalid_scope"),
        ({"data": {"grant_type": "client_credentials", "scope": "reports:read admin"}}, 400, "invalid_scope"),
        ({"data": {"grant_type": "client_credentials", "scope": "a  b"}}, 400, "invalid_scope"),
        ({"data": {"grant_type": "client_credentials", "resource": "https://other"}}, 400, "invalid_target"),
        ({"data": {"grant_type": ["client_credentials"] * 2}}, 400, "invalid_request"),
        ({"content": b'{"grant_type":"client_credentials"}'}, 400, "invalid_request"),
        (
            {"content": b"grant_type=%ff%zz", "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
            400,
            "invalid_request",
        ),
        ({"data": {"grant_type": "client_credentials", "x": "y" * 20_000}}, 413, "invalid_request"),
        ({"method": "GET"}, 405, "invalid_request"),
    ],
)
def test_a_bad_token_request_gets_the_rfcs_error(
    stack: StackFile, request_: dict[str, Any], status: int, error: str
) -> None:
    """Every mistake is answered in RFC 6749 §5.2's words with no-store, and nothing is issued (R20 to R27)."""
    fields: dict[str, Any] = {
        "method": "POST",
        "auth": (stack.client_id, stack.client_secret),
        "data": {"grant_type": "client_credentials"},
    }
    fields |= request_
    if "content" in fields or fields["method"] == "GET":
        del fields["data"]
    answer = CLIENT.request(url=stack.token_endpoint, **fields)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer.headers["Cache-Control"] == "no-store"
    assert "access_token" not in answer.text


def test_seven_megabytes_are_refused(stack: StackFile) -> None:
    """A body larger than any form is refused with 413, by the proxy or by the issuer."""
    answer = CLIENT.post(
        stack.token_endpoint,
        content=b"a=" + b"b" * 7_000_000,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        auth=(stack.client_id, stack.client_secret),
    )
    assert answer.status_code == 413


def test_the_secret_is_taken_from_the_form_too(stack: StackFile) -> None:
    """client_secret_post authenticates as client_secret_basic does (R22)."""
    form = {"grant_type": "client_credentials", "client_id": stack.client_id, "client_secret": stack.client_secret}
    assert CLIENT.post(stack.token_endpoint, data=form).status_code == 200


def test_a_wrong_secret_is_challenged_under_the_name_that_api_gateway_gives(stack: StackFile) -> None:
    """WWW-Authenticate of a function arrives renamed, here as on AWS (R21)."""
    answer = CLIENT.post(stack.token_endpoint, data={"grant_type": "client_credentials"}, auth=("demo", "wrong"))
    assert "WWW-Authenticate" not in answer.headers
    assert answer.headers["x-amzn-remapped-www-authenticate"].startswith("Basic ")


def test_introspection_tells_a_client_about_its_own_token(stack: StackFile) -> None:
    """A live token is active with its claims (RFC 7662 §2.2)."""
    answer = post(stack, "introspect", token=get_token(stack, scope="reports:read")).json()
    assert answer["active"] is True
    assert answer["client_id"] == stack.client_id
    assert answer["scope"] == "reports:read"


@pytest.mark.parametrize("token", ["nonsense", "a.b.c", "eyJhbGciOiJub25lIn0.e30."])
def test_whatever_is_no_token_of_ours_is_inactive_and_revoked_without_effect(stack: StackFile, token: str) -> None:
    """Garbage is exactly {"active": false} and a 200 at revocation (R46, R48)."""
    assert post(stack, "introspect", token=token).json() == {"active": False}
    assert post(stack, "revoke", token=token).status_code == 200


def test_introspection_and_revocation_ask_who_is_there(stack: StackFile) -> None:
    """Without a client's authentication neither endpoint says or does anything (R46, R48)."""
    raw = get_token(stack)
    for endpoint in ("introspect", "revoke"):
        assert CLIENT.post(f"{stack.issuer}/oauth2/{endpoint}", data={"token": raw}).status_code == 401
    assert post(stack, "introspect", token=raw).json()["active"] is True
