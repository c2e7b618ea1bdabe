"""Discovery: metadata and keys for verifiers and clients (R51, R52, R53)."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from keyturn.jose.thumbprint import thumbprint
from tests.fakes.http_api_event import http_api_event
from tests.fakes.issuer_harness import (
    INTROSPECT,
    JWKS,
    METADATA,
    OPENID_METADATA,
    REVOKE,
    TOKEN,
    IssuerHarness,
)
from tests.fakes.stub_key_ring import ring_of
from tests.fakes.token_factory import ISSUER, signing_key
from tests.fakes.user_flow import AUTHORIZE, USERINFO


def test_metadata(issuer: IssuerHarness) -> None:
    """The metadata has the issuer exactly as tokens have it, and every endpoint below that URL (R51, RFC 8414 §2)."""
    answer = issuer.get(METADATA)
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    metadata = answer.json
    assert metadata["issuer"] == ISSUER
    assert metadata["jwks_uri"] == ISSUER + JWKS
    assert metadata["token_endpoint"] == ISSUER + TOKEN
    assert metadata["revocation_endpoint"] == ISSUER + REVOKE
    assert metadata["introspection_endpoint"] == ISSUER + INTROSPECT
    assert metadata["grant_types_supported"] == ["authorization_code", "client_credentials", "refresh_token"]


def test_the_mcp_sdk_parses_the_metadata(issuer: IssuerHarness) -> None:
    """The SDK's model takes the document, and refuses one without the endpoints of sign-in (R51, RFC 8414 §2)."""
    from mcp.shared.auth import OAuthMetadata  # its models take a second, which workers without this test save

    metadata = issuer.get(METADATA).json
    parsed = OAuthMetadata.model_validate(metadata)
    assert (str(parsed.issuer), str(parsed.token_endpoint)) == (ISSUER, ISSUER + TOKEN)
    assert parsed.authorization_response_iss_parameter_supported is True
    for name in ("authorization_endpoint", "token_endpoint"):
        with pytest.raises(ValidationError, match=name):
            OAuthMetadata.model_validate({key: value for key, value in metadata.items() if key != name})


def test_metadata_of_client_authentication(issuer: IssuerHarness) -> None:
    """Each endpoint lists its authentication methods and the algorithms of assertions (R22, RFC 8414 §2)."""
    metadata = issuer.get(METADATA).json
    for endpoint in ("token", "revocation", "introspection"):
        methods = ["client_secret_basic", "client_secret_post", "private_key_jwt"]
        methods += [] if endpoint == "introspection" else ["none"]
        assert metadata[f"{endpoint}_endpoint_auth_methods_supported"] == methods
        algorithms = metadata[f"{endpoint}_endpoint_auth_signing_alg_values_supported"]
        assert {"RS256", "PS256", "ES256", "Ed25519", "EdDSA"} <= set(algorithms)
        assert not any(algorithm.startswith("HS") or algorithm == "none" for algorithm in algorithms)


def test_metadata_of_the_login(issuer: IssuerHarness) -> None:
    """R35, R53: the metadata has iss in answers, PKCE by S256, and the endpoints for sign-in and sign-out."""
    metadata = issuer.get(METADATA).json
    assert metadata["authorization_response_iss_parameter_supported"] is True
    assert metadata["code_challenge_methods_supported"] == ["S256"]
    assert (metadata["response_types_supported"], metadata["response_modes_supported"]) == (["code"], ["query"])
    assert metadata["prompt_values_supported"] == ["none", "login", "consent", "select_account"]
    assert metadata["acr_values_supported"] == ["urn:keyturn:password"]
    assert "offline_access" in metadata["scopes_supported"]
    assert metadata["end_session_endpoint"] == ISSUER + "/oauth2/logout"
    assert metadata["authorization_endpoint"] == ISSUER + AUTHORIZE
    assert metadata["userinfo_endpoint"] == ISSUER + USERINFO
    assert (metadata["request_parameter_supported"], metadata["request_uri_parameter_supported"]) == (False, False)


def test_metadata_has_every_algorithm_that_may_come_to_sign(issuer: IssuerHarness) -> None:
    """R51: the list has the algorithms of future rings for verifiers that keep it, and RS256 (OIDC Discovery §3)."""
    issuer.rings.ring = ring_of(signing_key("ES256"))
    algorithms = issuer.get(OPENID_METADATA).json["id_token_signing_alg_values_supported"]
    assert algorithms == ["RS256", "PS256", "ES256", "Ed25519"]


def test_metadata_on_both_paths(issuer: IssuerHarness) -> None:
    """The OpenID path, which AWS's verifiers read, has the same document (R51)."""
    assert issuer.get(OPENID_METADATA) == issuer.get(METADATA)


def test_metadata_promises_no_unsigned_tokens(issuer: IssuerHarness) -> None:
    """R53: no list of algorithms has "none"; only authentication methods and prompts have it."""
    offering = {name for name, value in issuer.get(METADATA).json.items() if "none" in str(value)}
    names = {f"{each}_endpoint_auth_methods_supported" for each in ("token", "revocation")}
    assert offering == names | {"prompt_values_supported"}


def test_every_advertised_endpoint_exists(issuer: IssuerHarness) -> None:
    """The issuer answers each URL of the metadata, except the login's."""
    metadata = issuer.get(METADATA).json
    urls = {value for name, value in metadata.items() if name.endswith(("_endpoint", "_uri"))}
    urls.remove(f"{ISSUER}/oauth2/logout")
    assert len(urls) == 6
    assert 404 not in [issuer.get(url.removeprefix(ISSUER)).status for url in urls]


def test_jwks(issuer: IssuerHarness) -> None:
    """R52, I9: each published key has public members only, its thumbprint as kid, use and alg."""
    answer = issuer.get(JWKS)
    assert answer.status == 200
    keys = answer.json["keys"]
    assert [key["kid"] for key in keys] == [issuer.key.kid, issuer.next_key.kid]
    for key in keys:
        assert set(key) == {"kty", "crv", "x", "y", "kid", "use", "alg"}
        assert key["kid"] == thumbprint(key)
        assert (key["use"], key["alg"]) == ("sig", "ES256")


def test_jwks_caching(issuer: IssuerHarness) -> None:
    """Caches may keep the JWKS for the configured time (I11), and revalidate it by a strong ETag."""
    answer = issuer.get(JWKS)
    assert answer.headers["cache-control"] == "public, max-age=300"
    assert "pragma" not in answer.headers
    assert answer.headers["etag"].startswith('"')
    assert issuer.get(JWKS).headers["etag"] == answer.headers["etag"]


@pytest.mark.parametrize("pattern", ["{}", "W/{}", '"other", {}', "*"])
def test_not_modified(issuer: IssuerHarness, pattern: str) -> None:
    """A client with the current JWKS gets 304 without a body (RFC 9110 §13.1.2)."""
    etag = issuer.get(JWKS).headers["etag"]
    answer = issuer.get(JWKS, if_none_match=pattern.format(etag))
    assert (answer.status, answer.body) == (304, "")
    assert answer.headers["etag"] == etag
    assert answer.headers["cache-control"] == "public, max-age=300"


@pytest.mark.parametrize("header", ['"other"', "", "garbage", '"', '"other",*'])
def test_modified(issuer: IssuerHarness, header: str) -> None:
    """A client with another JWKS, or without one, gets the document."""
    assert issuer.get(JWKS, if_none_match=header).status == 200


def test_etag_follows_the_keys(issuer: IssuerHarness) -> None:
    """A new set of keys has a new ETag."""
    first = issuer.get(JWKS).headers["etag"]
    issuer.rotate(ring_of(issuer.next_key))
    issuer.wall += 31
    assert issuer.get(JWKS).headers["etag"] != first


@pytest.mark.parametrize("path", [JWKS, METADATA])
def test_head(issuer: IssuerHarness, path: str) -> None:
    """HEAD has the headers of GET and the length of its body, without the body (RFC 9110 §8.6, §9.3.2)."""
    answer, of_get = issuer.send(http_api_event("HEAD", path)), issuer.get(path)
    assert (answer.status, answer.body) == (200, "")
    assert answer.headers == {**of_get.headers, "content-length": str(len(of_get.body))}


def test_an_answer_without_a_body_has_the_type_of_the_document(issuer: IssuerHarness) -> None:
    """A 304 has the document's type and no length: caches may store what it states (RFC 9110 §15.4.5)."""
    for method in ("GET", "HEAD"):
        answer = issuer.send(http_api_event(method, JWKS, headers={"if-none-match": "*"}))
        assert (answer.status, answer.headers["content-type"]) == (304, "application/json")
        assert "content-length" not in answer.headers


def test_a_full_jwks_is_small(issuer: IssuerHarness) -> None:
    """Ten RSA keys of 3,072 bits, the maximum, fit into 8 KiB (I9)."""
    key = signing_key("RS256", rsa_key_size=3072)
    issuer.rings.ring = ring_of(key)
    assert 10 * len(issuer.get(JWKS).body) < 8192
