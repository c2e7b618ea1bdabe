"""The item of a registered client: `pk = client#<id>`."""

from __future__ import annotations

from typing import Any

from keyturn.adapters.item_version import ITEM_VERSION, check_item_version
from keyturn.domain.client import Client
from keyturn.domain.errors import ItemDamaged

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
        "grant_types": client.grant_types,
        "scopes": client.scopes,
        "audiences": list(client.audiences),
        "introspects": client.introspects,
        "created_at": client.created_at,
    }


def client_from_item(item: dict[str, Any]) -> Client:
    """Return the client of an item with plain Python values; raises ItemDamaged."""
    what = f"client item {item.get('pk')}"
    check_item_version(item, what)
    try:
        return Client(
            client_id=item["pk"].removeprefix(CLIENT_PREFIX),
            name=item["name"],
            secret_hashes=tuple(item["secret_hashes"]),
            # A set that is empty has no attribute: DynamoDB knows no empty set.
            grant_types=frozenset(item.get("grant_types", ())),
            scopes=frozenset(item.get("scopes", ())),
            audiences=tuple(item["audiences"]),
            introspects=frozenset(item.get("introspects", ())),
            created_at=item["created_at"],
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ItemDamaged(f"{what}: {type(error).__name__}: {error}") from None
