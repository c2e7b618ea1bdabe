"""HTTP responses for an API Gateway HTTP API (payload format 2.0): JSON, and the headers that every answer carries."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any

from token_issuer.errors import OAuthError

_SECURITY_HEADERS = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "strict-transport-security": "max-age=31536000",
    "x-content-type-options": "nosniff",
}
# RFC 6749 §5.1 asks for both; every answer of the issuer but its public documents gets them.
_NO_STORE = {"cache-control": "no-store", "pragma": "no-cache"}
# Any web page may read what is public; no credentials of the browser come into it.
_PUBLIC = {"access-control-allow-origin": "*"}


@dataclass(frozen=True, slots=True)
class Response:
    """One response: header names in lower case, the body as text, each cookie as its own Set-Cookie has it."""

    status: int
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    cookies: tuple[str, ...] = ()

    def to_event(self, *, with_body: bool = True) -> dict[str, Any]:
        """Return what API Gateway expects; an answer to HEAD goes without its body (RFC 9110 §9.3.2)."""
        return {
            "statusCode": self.status,
            "headers": self.headers | _SECURITY_HEADERS,
            "cookies": list(self.cookies),
            "body": self.body if with_body else "",
            "isBase64Encoded": False,
        }


def json_response(body: dict[str, Any], *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return a JSON answer that nobody may store."""
    return Response(status, to_json(body), {"content-type": "application/json"} | _NO_STORE | (headers or {}))


def public_document(body: str, *, max_age: int, headers: dict[str, str] | None = None) -> Response:
    """Return a JSON document that anybody may read, and cache for `max_age` seconds.

    JWKS too are application/json: RFC 7517 §8.5 registers a type of its own, which some verifiers refuse.
    """
    caching = {"cache-control": f"public, max-age={max_age}"}
    return Response(200, body, {"content-type": "application/json"} | caching | _PUBLIC | (headers or {}))


def redirect(location: str) -> Response:
    """Return a redirect that is followed by a GET, so that no form goes along with it (RFC 9700 §4.12, R36)."""
    return Response(303, "", {"location": location} | _NO_STORE)


def never_stored(response: Response) -> Response:
    """Return the response as one that nobody may store, whatever it says of that itself."""
    return replace(response, headers=response.headers | _NO_STORE)


def error_page(error: OAuthError) -> Response:
    """Return a refusal for a person: what was sent is not in it, so that there is nothing to escape."""
    body = (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>This request cannot be answered</title><h1>This request cannot be answered</h1><p>{error.description}."
        "<p>Go back to the application that sent you here, and tell its developers this sentence.</html>"
    )
    return Response(error.status, body, {"content-type": "text/html; charset=utf-8"} | _NO_STORE | error.headers)


def empty_response() -> Response:
    """Return an answer without a body that nobody may store."""
    return Response(200, "", dict(_NO_STORE))


def error_response(error: OAuthError) -> Response:
    """Return a refusal as JSON (RFC 6749 §5.2)."""
    body = {"error": error.error, "error_description": error.description}
    return json_response(body, status=error.status, headers=error.headers)


def to_json(body: dict[str, Any]) -> str:
    """Return compact JSON."""
    return json.dumps(body, separators=(",", ":"))
