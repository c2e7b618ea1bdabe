"""The JWK Set of the published keys (RFC 7517 §5)."""

from __future__ import annotations

import hashlib

from keyturn.web.request import Request
from keyturn.web.responses import Response, public_document, to_json
from token_issuer.key_ring_cache import KeyRingCache

# The headers that 304 repeats (RFC 9110 §15.4.5). API Gateway adds a type to a response without one, and a cache might
# store that type: it is the document's.
_NOT_MODIFIED = ("cache-control", "content-type", "etag")


class JwksEndpoint:
    """Publishes the active key, the standby key, and the keys that only verify (invariants I1, I2).

    Caches may keep the document for `max_age` seconds (invariant I11).
    """

    methods = ("GET", "HEAD")

    def __init__(self, ring: KeyRingCache, *, max_age: int) -> None:
        self._ring = ring
        self._max_age = max_age

    def respond(self, request: Request) -> Response:
        """Return the document, or 304 to a client that has it already (RFC 9110 §13.1.2)."""
        body = to_json(dict(self._ring.jwks()))
        etag = f'"{hashlib.sha256(body.encode()).hexdigest()[:32]}"'
        document = public_document(body, max_age=self._max_age, headers={"etag": etag})
        if _has_already(request.headers.get("if-none-match", ""), etag):
            return Response(304, "", {name: document.headers[name] for name in _NOT_MODIFIED})
        return document


def _has_already(if_none_match: str, etag: str) -> bool:
    candidates = [candidate.strip().removeprefix("W/") for candidate in if_none_match.split(",")]
    return etag in candidates or candidates == ["*"]
