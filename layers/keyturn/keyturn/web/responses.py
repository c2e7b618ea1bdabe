"""HTTP responses for an API Gateway HTTP API (payload format 2.0), each kind with its own headers."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

# Every response has these. Pages replace the content security policy, which is that of data. The type is that of an
# empty response: API Gateway would add one of its own, and clients would parse the empty body as JSON.
_HEADERS = {
    "content-type": "text/plain; charset=utf-8",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "strict-transport-security": "max-age=31536000",
    "x-content-type-options": "nosniff",
}
# No `form-action`: Chrome and Safari apply it to each redirect after a form, also to the one to the client.
_PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; base-uri 'none'; "
    "frame-ancestors 'none'"
)
# RFC 6749 §5.1 requires both.
_NO_STORE = {"cache-control": "no-store", "pragma": "no-cache"}
_IMMUTABLE = {"cache-control": "public, max-age=31536000, immutable"}


class Response(NamedTuple):
    """One response: header names in lower case, the body as text or base64, each cookie as a Set-Cookie value."""

    status: int
    body: str = ""
    headers: Mapping[str, str] = {}
    cookies: tuple[str, ...] = ()
    body_is_base64: bool = False

    def with_headers(self, headers: Mapping[str, str]) -> Response:
        """Return the response with these headers added."""
        return self._replace(headers={**self.headers, **headers})

    def to_event(self, *, with_body: bool = True) -> dict[str, Any]:
        """Return the response for API Gateway.

        A response to HEAD has the body's length in place of the body (RFC 9110 §8.6, §9.3.2).
        """
        length = {} if with_body or not self.body else {"content-length": str(len(self._content()))}
        return {
            "statusCode": self.status,
            "headers": {**_HEADERS, **self.headers, **length},
            "cookies": list(self.cookies),
            "body": self.body if with_body else "",
            "isBase64Encoded": self.body_is_base64 and with_body,
        }

    def _content(self) -> bytes:
        return base64.b64decode(self.body) if self.body_is_base64 else self.body.encode()


def json_response(body: dict[str, Any], *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return a JSON response that caches must not store."""
    return Response(status, to_json(body), {"content-type": "application/json", **_NO_STORE, **(headers or {})})


def public_document(body: str, *, max_age: int, headers: Mapping[str, str] | None = None) -> Response:
    """Return a JSON document that anybody may cache for `max_age` seconds.

    JWKS too are application/json: RFC 7517 §8.5 registers a type of its own, which some verifiers refuse.
    """
    caching = {"cache-control": f"public, max-age={max_age}"}
    return Response(200, body, {"content-type": "application/json", **caching, **(headers or {})})


def redirect(location: str, *, cookies: tuple[str, ...] = ()) -> Response:
    """Return a redirect that is followed by a GET, so that no form goes along with it (RFC 9700 §4.12)."""
    return Response(303, "", {"location": location, **_NO_STORE}, cookies)


def page(
    html: str, *, status: int = 200, cookies: tuple[str, ...] = (), headers: Mapping[str, str] | None = None
) -> Response:
    """Return a page for a person; its styles, scripts and images come from this host alone."""
    kind = {"content-type": "text/html; charset=utf-8", "content-security-policy": _PAGE_POLICY}
    return Response(status, html, {**kind, **_NO_STORE, **(headers or {})}, cookies)


def asset(content: bytes, content_type: str) -> Response:
    """Return a file whose name changes with its content: browsers keep it for a year."""
    body = base64.b64encode(content).decode()
    return Response(200, body, {"content-type": content_type, **_IMMUTABLE}, body_is_base64=True)


def to_json(body: dict[str, Any]) -> str:
    """Return compact JSON."""
    return json.dumps(body, separators=(",", ":"))
