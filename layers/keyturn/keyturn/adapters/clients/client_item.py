"""The item of a registered client: `pk = client#<id>`."""

from __future__ import annotations

from typing import Any

from keyturn.adapters.aws.item_fields import reading
from keyturn.adapters.aws.item_version import ITEM_VERSION
from keyturn.domain.clients.client import REFRESH_IDLE, REFRESH_LIFETIME, SECRET_METHODS, Client

CLIENT_PREFIX = "client#"


def client_key(client_id: str) -> dict[str, dict[str, str]]:
    """Return the primary key of the client's item, as attribute values."""
    return {"pk": {"S": f"{CLIENT_PREFIX}{client_id}"}}


def client_to_item(client: Client) -> dict[str, Any]:
    """Return the client's item with plain Python values."""
    return {
        "pk": f"{CLIENT_PREFIX}{client.client_id}",
        "v": ITEM_VERSION,
        "name": client.name,
        "secret_hashes": list(client.secret_hashes),
        "authentication": client.authentication,
        "jwks": [dict(jwk) for jwk in client.jwks],
        "token_endpoint_audience": client.token_endpoint_audience,
        "grant_types": client.grant_types,
        "scopes": client.scopes,
        "audiences": list(client.audiences),
        "redirect_uris": list(client.redirect_uris),
        "introspects": client.introspects,
        "access_token_lifetime": client.access_token_lifetime,
        "refresh_lifetime": client.refresh_lifetime,
        "refresh_idle": client.refresh_idle,
        "cors_origins": client.cors_origins,
        "rate": client.rate,
        "claims": dict(client.claims),
        "user_claims": dict(client.user_claims),
        "first_party": client.first_party,
        "pkce": client.pkce,
        "post_logout_redirect_uris": list(client.post_logout_redirect_uris),
        "created_at": client.created_at,
        "revision": client.revision,
    }


def client_from_item(item: dict[str, Any]) -> Client:
    """Return the client of an item with plain Python values; raises ItemDamaged."""
    with reading(item, f"client item {item.get('pk')}"):
        return Client(
            client_id=item["pk"].removeprefix(CLIENT_PREFIX),
            name=item["name"],
            secret_hashes=tuple(item["secret_hashes"]),
            # An attribute may be absent from older items: its default is the behaviour of that time.
            authentication=frozenset(item.get("authentication", SECRET_METHODS)),
            jwks=tuple(item.get("jwks", ())),
            token_endpoint_audience=item.get("token_endpoint_audience") is True,
            # An absent attribute is an empty set, which DynamoDB cannot store.
            grant_types=frozenset(item.get("grant_types", ())),
            scopes=frozenset(item.get("scopes", ())),
            audiences=tuple(item["audiences"]),
            redirect_uris=tuple(item.get("redirect_uris", ())),
            introspects=frozenset(item.get("introspects", ())),
            access_token_lifetime=item.get("access_token_lifetime"),
            refresh_lifetime=item.get("refresh_lifetime", REFRESH_LIFETIME),
            refresh_idle=item.get("refresh_idle", REFRESH_IDLE),
            cors_origins=frozenset(item.get("cors_origins", ())),
            rate=item.get("rate"),
            claims=item.get("claims", {}),
            user_claims=item.get("user_claims", {}),
            first_party=item.get("first_party") is True,
            pkce=item.get("pkce", "required"),
            post_logout_redirect_uris=tuple(item.get("post_logout_redirect_uris", ())),
            created_at=item["created_at"],
            revision=item.get("revision", 0),
        )
