"""Registered clients and their secrets."""

from __future__ import annotations

import hmac
from typing import Any

import pytest

from keyturn.domain.clients.client import Client, hash_secret, secret_matches

WEB: dict[str, Any] = {
    "grant_types": frozenset({"authorization_code"}),
    "redirect_uris": ("https://a.example/cb", "http://localhost:3000/cb", "com.example.app:/cb"),
}
JWK = {"kty": "EC", "crv": "P-256", "alg": "ES256", "kid": "k1", "x": "x", "y": "y"}


def make_client(**changes: Any) -> Client:
    fields: dict[str, Any] = {
        "client_id": "c_1",
        "name": "Reports",
        "secret_hashes": (hash_secret("first"), hash_secret("second")),
        "grant_types": frozenset({"client_credentials"}),
        "scopes": frozenset({"reports:read"}),
        "audiences": ("https://api.example.com",),
    }
    return Client(**fields | changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": ""},
        {"client_id": "u_1"},
        {"client_id": "a b"},
        {"client_id": "a\n"},
        {"client_id": "a" * 65},
        {"name": ""},
        {"name": "a\nb"},
        {"name": "n" * 101},
        {"secret_hashes": ()},
        {"secret_hashes": ("a", "b", "c")},
        {"audiences": ()},
        {"audiences": ("two words",)},
        {"introspects": frozenset({""})},
        {"authentication": frozenset()},
        {"authentication": frozenset({"tls_client_auth"})},
        {"authentication": frozenset({"none", "client_secret_basic"})},
        {"authentication": frozenset({"private_key_jwt"})},
        {"authentication": frozenset({"private_key_jwt"}), "jwks": (JWK,)},
        {"authentication": frozenset({"private_key_jwt"}), "secret_hashes": ()},
        {"jwks": (JWK,)},
        {"token_endpoint_audience": True},
        {"authentication": frozenset({"none"})},
        {"authentication": frozenset({"none"}), "secret_hashes": ()},
        {"grant_types": frozenset({"refresh_token"})},
        {"pkce": "plain"},
        {"post_logout_redirect_uris": ("https://a.example/",)},
        {**WEB, "post_logout_redirect_uris": ("com.example.app:/bye",)},
        {**WEB, "authentication": frozenset({"none"}), "secret_hashes": (), "pkce": "optional"},
        {"grant_types": frozenset({"authorization_code"})},
        {"redirect_uris": ("https://app.example/cb",)},
        {"access_token_lifetime": 0},
        {"access_token_lifetime": 3601},
        {"refresh_lifetime": 3600, "refresh_idle": 3601},
        {"refresh_idle": 0},
        {"refresh_lifetime": 367 * 86_400},
        {"rate": 0},
        {"rate": 1_000_001},
        {"cors_origins": frozenset({"*"})},
        {"cors_origins": frozenset({"null"})},
        {"cors_origins": frozenset({"https://app.example/"})},
        {"cors_origins": frozenset({"https://App.example"})},
        {"cors_origins": frozenset({"http://app.example"})},
        {"cors_origins": frozenset({"http://localhost.evil.example"})},
        {"cors_origins": frozenset({"https://app.example\r\nx"})},
        {"cors_origins": frozenset({"https://app.example:443"})},
        {"cors_origins": frozenset({"http://localhost:80"})},
        {"cors_origins": frozenset({"http://[::1]:80"})},
        {"cors_origins": frozenset({"https://app.example:0443"})},
        {"cors_origins": frozenset({"https://app.example:0"})},
        {"cors_origins": frozenset({"https://app.example:65536"})},
        {"cors_origins": frozenset({"https://.."})},
        {"cors_origins": frozenset({"https://127.1"})},
        {"redirect_uris": ("https://app.example/cb?code=1",), "grant_types": frozenset({"authorization_code"})},
        {"claims": {"sub": "admin"}},
        {"claims": {"aud": "x"}},
        {"claims": {"": "x"}},
        {"claims": {"two words": "x"}},
        {"claims": {"tenant": None}},
        {"claims": {"tenant": 1.5}},
        {"claims": {"tenant": {"a": 1}}},
        {"claims": {"tenant": []}},
        {"claims": {"tenant": [["a"]]}},
        {"claims": {"tenant": 2**53}},
        {"claims": {"tenant": [1, -(2**53)]}},
        {"claims": {"tenant": "\ud800"}},
    ],
)
def test_a_registration_that_could_not_work_is_refused(changes: dict[str, Any]) -> None:
    """Client ids never look like a user's subject, and every field is well-formed (R17)."""
    with pytest.raises(ValueError, match=r"^a |^an |^the claim "):
        make_client(**changes)


@pytest.mark.parametrize(
    "scopes", [frozenset({"a b"}), frozenset({"a", "b c"}), frozenset({""}), frozenset({"a", ""}), frozenset({'"'})]
)
def test_a_scope_that_could_not_be_asked_for_is_refused(scopes: frozenset[str]) -> None:
    """Each scope is one token of RFC 6749 §3.3 (R26)."""
    with pytest.raises(ValueError, match="scope"):
        make_client(scopes=scopes)


@pytest.mark.parametrize(
    "changes",
    [
        {"scopes": frozenset()},
        {"authentication": frozenset({"client_secret_basic", "private_key_jwt"}), "jwks": (JWK,)},
        {"authentication": frozenset({"private_key_jwt"}), "jwks": (JWK,), "secret_hashes": ()},
        {
            "authentication": frozenset({"private_key_jwt"}),
            "jwks": (JWK,),
            "secret_hashes": (),
            "token_endpoint_audience": True,
        },
        {"access_token_lifetime": 3600, "refresh_lifetime": 366 * 86_400, "refresh_idle": 366 * 86_400},
        {"rate": 1, "cors_origins": frozenset({"https://a.example:65535", "http://localhost:443", "http://[::1]"})},
        {"claims": {"tenant": "", "tier": 2**53 - 1, "beta": False, "https://example.com/roles": ["é", 1, True]}},
        {"grant_types": frozenset({"client_credentials", "authorization_code"}), "redirect_uris": ("https://a.b/",)},
        {**WEB, "pkce": "optional", "first_party": True, "post_logout_redirect_uris": ("https://a.example/bye?x=1",)},
    ],
)
def test_a_registration_that_works(changes: dict[str, Any]) -> None:
    """A value at the limit of each rule is accepted."""
    assert not make_client(**changes).is_public


def test_a_public_client() -> None:
    """A public client has neither a secret nor a key, and the code grant alone (RFC 6749 §2.1, R25)."""
    web = {"grant_types": frozenset({"authorization_code", "refresh_token"}), "redirect_uris": ("https://a.example/",)}
    public = make_client(authentication=frozenset({"none"}), secret_hashes=(), **web)
    assert public.is_public
    assert not secret_matches(public, "")
    # An attacker who knows the id could exhaust the rate, and lock the users out.
    with pytest.raises(ValueError, match="public client has no rate"):
        make_client(authentication=frozenset({"none"}), secret_hashes=(), rate=60, **web)
    with pytest.raises(ValueError, match="public client"):
        make_client(authentication=frozenset({"none"}), secret_hashes=())


def test_each_of_two_live_secrets_matches() -> None:
    """Secrets rotate without downtime: the old and the new one both work."""
    assert secret_matches(make_client(), "first")
    assert secret_matches(make_client(), "second")


@pytest.mark.parametrize("secret", ["", "third", "first ", "FIRST", hash_secret("first"), "\ud800"])
def test_another_secret_does_not_match(secret: str) -> None:
    """Neither a wrong secret nor the stored hash itself authenticates the client (R23)."""
    assert not secret_matches(make_client(), secret)


def test_nothing_matches_an_unknown_client() -> None:
    """An unknown client has no secret, whatever is presented."""
    assert not secret_matches(None, "")
    assert not secret_matches(None, "-" * 64)


def test_an_unknown_client_costs_the_work_of_a_known_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Known, unknown, one secret or two: the same number of constant-time comparisons (R23, R64)."""
    compared: list[tuple[int, int]] = []
    really_compare = hmac.compare_digest

    def compare(a: str, b: str) -> bool:
        compared.append((len(a), len(b)))
        return really_compare(a, b)

    monkeypatch.setattr(hmac, "compare_digest", compare)
    for client in (make_client(), make_client(secret_hashes=(hash_secret("only"),)), None):
        compared.clear()
        secret_matches(client, "wrong")
        assert compared == [(64, 64), (64, 64)]


@pytest.mark.parametrize(
    ("uri", "public", "confidential"),
    [
        ("https://a.example/cb", True, True),
        ("https://a.example/cb/", False, False),
        ("https://a.example:444/cb", False, False),
        ("http://localhost:3000/cb", True, True),
        ("http://localhost:3001/cb", True, False),
        ("http://localhost/cb", True, False),
        ("http://localhost:3001/cb/", False, False),
        ("http://127.0.0.1:3000/cb", False, False),
        ("com.example.app:/cb", True, True),
    ],
)
def test_where_a_code_may_go(uri: str, public: bool, confidential: bool) -> None:
    """RFC 9700 §2.1: any port of localhost for a public client alone; all else is compared whole (R30)."""
    assert make_client(**WEB).has_redirect_uri(uri) == confidential
    client = make_client(**WEB, authentication=frozenset({"none"}), secret_hashes=())
    assert client.has_redirect_uri(uri) == public


@pytest.mark.parametrize("uri", ["https://a.example/cb", "http://localhost:3000/cb", "com.example.app:/cb"])
def test_who_needs_pkce(uri: str) -> None:
    """RFC 9700 §2.1.1, RFC 8252 §8.1: a confidential client by its registration, and native apps always."""
    assert make_client(**WEB).needs_pkce(uri)
    assert make_client(**WEB, pkce="optional").needs_pkce(uri) == (not uri.startswith("https:"))
    assert make_client(**WEB, authentication=frozenset({"none"}), secret_hashes=()).needs_pkce(uri)
