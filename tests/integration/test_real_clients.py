"""Clients that nobody here wrote, against the issuer through the front proxy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from authlib.integrations.requests_client import OAuth2Session as AuthlibSession
from oauthlib.oauth2 import BackendApplicationClient
from requests_oauthlib import OAuth2Session

from tests.integration.http import CLIENT, statuses

if TYPE_CHECKING:
    from local.stack_file import StackFile

ALLOWED = {200}


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_authlib_gets_introspects_and_revokes_a_token(stack: StackFile, method: str) -> None:
    """Authlib speaks to the endpoints of the metadata, with both authentication methods (R22, R46, R48)."""
    metadata = CLIENT.get(f"{stack.issuer}/.well-known/oauth-authorization-server").json()
    assert method in metadata["token_endpoint_auth_methods_supported"]
    with AuthlibSession(
        stack.client_id,
        stack.client_secret,
        token_endpoint_auth_method=method,
        revocation_endpoint_auth_method=method,
        introspection_endpoint_auth_method=method,
        scope="reports:read",
    ) as client:
        client.trust_env = False
        token = client.fetch_token(metadata["token_endpoint"], grant_type="client_credentials")
        assert token["scope"] == "reports:read"
        assert set(statuses(stack, token["access_token"]).values()) == ALLOWED
        assert client.introspect_token(metadata["introspection_endpoint"], token["access_token"]).json()["active"]
        revoked = client.revoke_token(  # type: ignore[no-untyped-call]  # the stubs leave it out
            metadata["revocation_endpoint"], token["access_token"]
        )
        assert revoked.status_code == 200
        again = client.introspect_token(metadata["introspection_endpoint"], token["access_token"]).json()
    assert again == {"active": False}


def test_requests_oauthlib_gets_a_token_and_calls_with_it(stack: StackFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """requests-oauthlib fetches a token and carries it to every kind of API."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")  # the embedded issuer is on http, on loopback alone
    session = OAuth2Session(client=BackendApplicationClient(stack.client_id, scope=["reports:read"]))
    session.trust_env = False
    session.fetch_token(stack.token_endpoint, client_id=stack.client_id, client_secret=stack.client_secret)
    assert {session.get(url, timeout=40).status_code for url in stack.apis.values()} == ALLOWED
