"""The item of an interaction: `i#<hash of its id>`. An absent attribute is a missing mark.

`expires_at` is also the table's TTL attribute, which deletes the item some time later.
"""

from __future__ import annotations

from typing import Any

from keyturn.adapters.aws.item_fields import flag, mapping, optional_text, optional_whole, reading, text, texts, whole
from keyturn.adapters.aws.item_version import ITEM_VERSION
from keyturn.domain.interactions.interaction import ConsentMark, Demand, Interaction

_PREFIX = "i#"


def interaction_key(key_hash: str) -> dict[str, dict[str, str]]:
    """Return the primary key of the interaction's item, as attribute values."""
    return {"pk": {"S": f"{_PREFIX}{key_hash}"}}


def interaction_to_item(interaction: Interaction) -> dict[str, Any]:
    """Return the interaction's item with plain Python values."""
    return {
        "pk": f"{_PREFIX}{interaction.key_hash}",
        "v": ITEM_VERSION,
        "client_id": interaction.client_id,
        "request": dict(interaction.request),
        "scopes": interaction.scope,
        "resource": interaction.resource,
        "demands": demands_to_attribute(interaction),
        "created_at": interaction.created_at,
        "expires_at": interaction.expires_at,
        "browser_hash": interaction.browser_hash,
        "subject_hint": interaction.subject_hint,
        "session_id": interaction.session_id,
        "authenticated_at": interaction.authenticated_at,
        "consented": None if interaction.consented is None else mark_to_attribute(interaction.consented),
        "confirmed_at": interaction.confirmed_at,
        "denied": True if interaction.denied else None,
        "grant_id": interaction.grant_id,
    }


def demands_to_attribute(interaction: Interaction) -> frozenset[str]:
    """Return the names of the demands."""
    return frozenset(demand.value for demand in interaction.demands)


def mark_to_attribute(mark: ConsentMark) -> dict[str, Any]:
    """Return a mark of consent with plain Python values."""
    return {"scopes": mark.scope, "resource": mark.resource, "at": mark.at}


def interaction_from_item(item: dict[str, Any]) -> Interaction:
    """Return the interaction of an item with plain Python values; raises ItemDamaged."""
    with reading(item, f"interaction item {item.get('pk')}"):
        return Interaction(
            key_hash=text(item, "pk").removeprefix(_PREFIX),
            client_id=text(item, "client_id"),
            request={name: text(item["request"], name) for name in mapping(item, "request")},
            scope=texts(item, "scopes"),
            resource=text(item, "resource"),
            demands=frozenset(map(Demand, texts(item, "demands"))),
            created_at=whole(item, "created_at"),
            expires_at=whole(item, "expires_at"),
            browser_hash=optional_text(item, "browser_hash"),
            subject_hint=optional_text(item, "subject_hint"),
            session_id=optional_text(item, "session_id"),
            authenticated_at=optional_whole(item, "authenticated_at"),
            consented=_mark(mapping(item, "consented")) if "consented" in item else None,
            confirmed_at=optional_whole(item, "confirmed_at"),
            denied=flag(item, "denied"),
            grant_id=optional_text(item, "grant_id"),
        )


def _mark(attribute: dict[str, Any]) -> ConsentMark:
    return ConsentMark(
        scope=texts(attribute, "scopes"), resource=text(attribute, "resource"), at=whole(attribute, "at")
    )
