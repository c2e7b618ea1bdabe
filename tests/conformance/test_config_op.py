"""The plan Config OP (oidcc-config-certification-test-plan)."""

from __future__ import annotations

from urllib.parse import urlsplit

from authlib.oidc.discovery import OpenIDProviderMetadata
from joserfc.jwk import KeySet

from tests.fakes.http_api_event import http_api_event
from tests.fakes.page_browser import local_path
from tests.fakes.provider_harness import Provider
from tests.fakes.relying_party import RelyingParty
from tests.fakes.token_factory import ISSUER


def test_oidcc_discovery_endpoint_verification(client: RelyingParty, provider: Provider) -> None:
    """“A successful response MUST use the 200 OK HTTP status code and return a JSON object using the application/json
    content type that contains a set of Claims as its members” (OpenID Connect Discovery §4.2)."""
    answer = provider.send(http_api_event("GET", "/.well-known/openid-configuration"))
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    metadata = answer.json
    OpenIDProviderMetadata(metadata).validate()
    assert metadata["issuer"] == ISSUER
    assert all(
        urlsplit(url).scheme == "https" for name, url in metadata.items() if name.endswith(("_endpoint", "_uri"))
    )
    assert {"authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri"} <= metadata.keys()
    assert "code" in metadata["response_types_supported"]
    assert "authorization_code" in metadata["grant_types_supported"]
    assert "RS256" in metadata["id_token_signing_alg_values_supported"]
    assert "openid" in metadata["scopes_supported"]
    assert {"sub", "iss", "auth_time", "acr"} <= set(metadata["claims_supported"])
    assert set(metadata["subject_types_supported"]) <= {"public", "pairwise"}
    assert metadata["code_challenge_methods_supported"] == ["S256"]


def test_the_published_keys_are_public(client: RelyingParty, provider: Provider) -> None:
    """The JWKS that discovery names has no private or symmetric key (the same module, RFC 7518 §6.3.2)."""
    answer = provider.send(http_api_event("GET", local_path(client.metadata["jwks_uri"])))
    keys = KeySet.import_key_set(answer.json).keys
    assert [key.is_private for key in keys] == [False]
