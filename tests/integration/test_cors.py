"""CORS of the issuer on the embedded stack: which page may ask, and which may read the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.http import CLIENT
from tests.integration.user_stack import register

if TYPE_CHECKING:
    import httpx

    from local.stack_file import StackFile

PAGE, OTHER = "https://app.example.com", "https://other.example.com"


def preflight(stack: StackFile, path: str, method: str = "POST") -> httpx.Response:
    """Return the answer to what a browser asks before a page's request."""
    headers = {
        "Origin": PAGE,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization",
    }
    return CLIENT.options(f"{stack.issuer}{path}", headers=headers)


@pytest.mark.parametrize("path", ["/oauth2/token", "/oauth2/revoke"])
def test_a_page_may_ask(stack: StackFile, path: str) -> None:
    """Fetch §4.8: the issuer answers the preflight of each endpoint that pages use, and grants nothing by it."""
    answer = preflight(stack, path)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert "access-control-allow-credentials" not in answer.headers
    assert preflight(stack, path, "DELETE").status_code == 405


def test_introspection_is_not_for_pages(stack: StackFile) -> None:
    """Introspection is for servers: its endpoint answers no preflight."""
    assert "access-control-allow-origin" not in preflight(stack, "/oauth2/introspect").headers


@pytest.mark.parametrize(("origin", "readable"), [(PAGE, PAGE), (OTHER, "*")])
def test_every_page_reads_a_refusal(stack: StackFile, origin: str, readable: str) -> None:
    """A refusal names the registered origin of the client, or else every page."""
    application = register(stack, authentication=frozenset({"none"}), secret_hashes=(), cors_origins=frozenset({PAGE}))
    form = {"grant_type": "authorization_code", "client_id": application.client_id, "code": "x"}
    refused = CLIENT.post(stack.token_endpoint, data=form, headers={"Origin": origin})
    assert refused.status_code == 400
    assert refused.headers.get("access-control-allow-origin") == readable
    assert refused.headers["vary"] == "Origin"


def test_everybody_reads_the_keys(stack: StackFile) -> None:
    """JWKS and metadata are public, and their preflights permit any header."""
    for path in ("/.well-known/jwks.json", "/.well-known/openid-configuration"):
        asked = preflight(stack, path, "GET")
        assert (asked.status_code, asked.headers["access-control-allow-origin"]) == (204, "*")
        assert asked.headers["access-control-allow-headers"] == "*, authorization"
        answer = CLIENT.get(f"{stack.issuer}{path}", headers={"Origin": OTHER})
        assert answer.headers["access-control-allow-origin"] == "*"
