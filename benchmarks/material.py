"""The material of every contestant: a key, good tokens of it, tokens to refuse, and an event of some 3 KB."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle
from typing import Any, NamedTuple

from keyturn.adapters.aws.attribute_values import encode_item
from keyturn.adapters.keys.key_ring_item import ring_to_item
from keyturn.domain.base64url import decode, encode
from tests.fakes.authorizer_events import authorizer_event
from tests.fakes.http_api_event import basic, form_event
from tests.fakes.issuer_harness import SECRET
from tests.fakes.stub_key_ring import ring_of
from tests.fakes.token_factory import AUDIENCE, ISSUER, make_token, signing_key

LIFETIME = 3600  # seconds: the longest that the authorizer takes, since a run lasts minutes
# Good tokens besides the repeated one: far more than a verifier remembers, so that each is a first one again.
OTHERS = 1500
_REVOKED = "cmV2b2tlZHJldm9rZWRyZQ"

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
    """One algorithm's key as `jwk` and as the `ring` item that DynamoDB holds; `unknown` is of a key nobody published.

    `token` is the repeated token. `others` are good too, and differ from each other in their jti alone. `refused` are
    tokens that no contestant may accept, by what is wrong with them. `revoked` are the ids of revoked tokens.
    """

    algorithm: str
    issuer: str
    audience: str
    jwk: dict[str, Any]
    ring: dict[str, Any]
    token: str
    unknown: str
    event: dict[str, Any]
    others: list[str]
    refused: dict[str, str]
    revoked: list[str]


def material_of(algorithm: str, now: int, *, others: int = 0, revoked: list[str] | None = None) -> Material:
    """Return fresh material whose tokens are good from `now` on, for an hour."""
    key, stranger = signing_key(algorithm), signing_key(algorithm, "unknown")
    claims = {"iat": now, "exp": now + LIFETIME}
    token = make_token(key=key, claims=claims)
    ids = revoked or [_REVOKED]
    changed: dict[str, dict[str, Any]] = {
        "expired": {"iat": now - LIFETIME, "exp": now - 60},
        "another audience": {"aud": "https://other.example"},
        "revoked": {"jti": ids[0]},
    }
    return Material(
        algorithm=algorithm,
        issuer=ISSUER,
        audience=AUDIENCE,
        jwk=key.jwk,
        ring=encode_item(ring_to_item(ring_of(key))),
        token=token,
        unknown=make_token(key=stranger, claims=claims),
        event=realistic_event(token),
        others=[make_token(key=key, claims=claims | {"jti": f"{number:022}"}) for number in range(others)],
        refused={what: make_token(key=key, claims=claims | change) for what, change in changed.items()}
        | {"tampered": _tampered(token)},
        revoked=ids,
    )


def _tampered(token: str) -> str:
    """Return the token with another payload under the same signature."""
    header, payload, signature = token.split(".")
    claims = decode(payload.encode()) or b""
    return f"{header}.{encode(claims.replace(b'orders:read', b'orders:edit'))}.{signature}"


def with_token(event: dict[str, Any], token: str) -> dict[str, Any]:
    """Return the event with another token."""
    return event | {"headers": event["headers"] | {"authorization": f"Bearer {token}"}}


def first_seen_events(material: Material) -> Iterator[dict[str, Any]]:
    """Return events without end, with one of the other tokens after the other."""
    return cycle([with_token(material.event, token) for token in material.others])


def token_request() -> dict[str, Any]:
    """Return the event of a request for a token by client credentials."""
    return form_event("/oauth2/token", {"grant_type": "client_credentials"}, headers=basic("web", SECRET))


def realistic_event(token: str) -> dict[str, Any]:
    """Return an event of an HTTP API, format 2.0, as a browser behind a content delivery network causes it."""
    event = authorizer_event("http_2.0", token)
    event["headers"] |= _HEADERS
    event["rawQueryString"] = "&".join(f"{name}={value}" for name, value in _QUERY.items())
    event["queryStringParameters"] = dict(_QUERY)
    event["stageVariables"] = {"environment": "production"}
    return event
