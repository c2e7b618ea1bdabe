"""The material of every contestant: a key, a good token of it, and an event of some 3 KB that carries it."""

from __future__ import annotations

from typing import Any, NamedTuple

from keyturn.adapters.aws.attribute_values import encode_item
from keyturn.adapters.keys.key_ring_item import ring_to_item
from tests.fakes.authorizer_events import authorizer_event
from tests.fakes.stub_key_ring import ring_of
from tests.fakes.token_factory import AUDIENCE, ISSUER, make_token, signing_key

LIFETIME = 3600  # seconds: the longest that the authorizer takes, since a run lasts minutes

# Headers that a browser sends through a content delivery network, and those that API Gateway adds.
_HEADERS = {
    "accept": "application/json, text/plain, */*",
    "accept-language": "en-GB,en;q=0.9,de-DE;q=0.8,de;q=0.7",
    "cache-control": "no-cache",
    "content-type": "application/json",
    "origin": "https://app.example.com",
    "referer": "https://app.example.com/reports?from=2026-09-01&to=2026-09-30",
    "sec-ch-ua": '"Chromium";v="140", "Not=A?Brand";v="24", "Google Chrome";v="140"',
    "sec-ch-ua-mobile": "?0",
    "sec-ch-ua-platform": '"Linux"',
    "sec-fetch-dest": "empty",
    "sec-fetch-mode": "cors",
    "sec-fetch-site": "same-site",
    "user-agent": "Mozilla/5.0 (Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
    "via": "2.0 0123456789abcdef0123456789abcdef.cloudfront.example (CloudFront)",
    "x-amz-cf-id": "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYg==",
    "x-forwarded-for": "203.0.113.7, 198.51.100.23",
    "x-request-id": "7f3b2c1d-9e8f-4a5b-8c6d-0e1f2a3b4c5d",
}
_QUERY = {"from": "2026-09-01", "to": "2026-09-30", "page": "2", "page_size": "50", "sort": "-created_at"}


class Material(NamedTuple):
    """One algorithm's key as `jwk` and as the `ring` item that DynamoDB holds; `unknown` is a key nobody published."""

    algorithm: str
    issuer: str
    audience: str
    jwk: dict[str, Any]
    ring: dict[str, Any]
    token: str
    unknown: str
    event: dict[str, Any]


def material_of(algorithm: str, now: int) -> Material:
    """Return fresh material whose tokens are good from `now` on, for an hour."""
    key, stranger = signing_key(algorithm), signing_key(algorithm, "unknown")
    claims = {"iat": now, "exp": now + LIFETIME}
    token = make_token(key=key, claims=claims)
    ring = encode_item(ring_to_item(ring_of(key)))
    unknown = make_token(key=stranger, claims=claims)
    return Material(algorithm, ISSUER, AUDIENCE, key.jwk, ring, token, unknown, realistic_event(token))


def realistic_event(token: str) -> dict[str, Any]:
    """Return an event of an HTTP API, format 2.0, as a browser behind a content delivery network causes it."""
    event = authorizer_event("http_2.0", token)
    event["headers"] |= _HEADERS
    event["rawQueryString"] = "&".join(f"{name}={value}" for name, value in _QUERY.items())
    event["queryStringParameters"] = dict(_QUERY)
    event["stageVariables"] = {"environment": "production"}
    return event
