"""The item of a registered resource server, beside the clients: `pk = resource#<audience>`."""

from __future__ import annotations

from typing import Any

from keyturn.adapters.aws.item_fields import reading
from keyturn.adapters.aws.item_version import ITEM_VERSION
from keyturn.domain.clients.resource_server import ResourceServer

RESOURCE_SERVER_PREFIX = "resource#"


def resource_server_key(audience: str) -> dict[str, dict[str, str]]:
    """Return the primary key of the resource server's item, as attribute values."""
    return {"pk": {"S": f"{RESOURCE_SERVER_PREFIX}{audience}"}}


def resource_server_to_item(server: ResourceServer) -> dict[str, Any]:
    """Return the resource server's item with plain Python values."""
    return {
        "pk": f"{RESOURCE_SERVER_PREFIX}{server.audience}",
        "v": ITEM_VERSION,
        "name": server.name,
        "scopes": server.scopes,
        "access_token_lifetime": server.access_token_lifetime,
        "algorithm": server.algorithm,
        "claims": server.claims,
        "created_at": server.created_at,
        "revision": server.revision,
    }


def resource_server_from_item(item: dict[str, Any]) -> ResourceServer:
    """Return the resource server of an item with plain Python values; raises ItemDamaged."""
    with reading(item, f"resource server item {item.get('pk')}"):
        return ResourceServer(
            audience=item["pk"].removeprefix(RESOURCE_SERVER_PREFIX),
            name=item["name"],
            scopes=frozenset(item.get("scopes", ())),
            access_token_lifetime=item.get("access_token_lifetime"),
            algorithm=item.get("algorithm"),
            claims=frozenset(item.get("claims", ())),
            created_at=item["created_at"],
            revision=item.get("revision", 0),
        )
