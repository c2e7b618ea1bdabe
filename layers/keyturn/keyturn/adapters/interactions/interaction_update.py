"""Updates of an interaction that is open for this browser, each conditional on the attributes that were read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from keyturn.adapters.aws.attribute_values import encode_item
from keyturn.adapters.interactions.interaction_item import interaction_key
from keyturn.domain.interactions.interaction import Interaction

MARKS = ("authenticated_at", "consented", "confirmed_at")


def interaction_update(
    interaction: Interaction, changes: dict[str, Any], *, read: dict[str, Any], now: int | None = None
) -> dict[str, Any]:
    """Return the arguments of an UpdateItem, without the table, of an interaction that is not used.

    `changes` and `read` have attributes by name: None removes one, or says that it was absent. The condition requires
    `interaction.browser_hash`, which must be set, and an interaction that has not expired at `now`.
    """
    kept = {name: value for name, value in changes.items() if value is not None and value != frozenset()}
    removed = [name for name in changes if name not in kept]
    values = {":browser": interaction.browser_hash} | {f":{name}": value for name, value in kept.items()}
    conditions = ["browser_hash = :browser", "attribute_not_exists(grant_id)"]
    for name, value in read.items():
        conditions.append(f"attribute_not_exists({name})" if value is None else f"{name} = :is_{name}")
        values[f":is_{name}"] = value
    if now is not None:
        conditions.append("expires_at > :now")
        values[":now"] = now
    return {
        "Key": interaction_key(interaction.key_hash),
        "UpdateExpression": update_expression(kept, removed),
        "ConditionExpression": " AND ".join(conditions),
        "ExpressionAttributeValues": encode_item(values),
    }


def update_expression(kept: Iterable[str], removed: Iterable[str]) -> str:
    """Return the expression that sets the `kept` attributes to the values of their names, and removes `removed`."""
    parts = {"SET": ", ".join(f"{name} = :{name}" for name in kept), "REMOVE": ", ".join(removed)}
    return " ".join(f"{verb} {names}" for verb, names in parts.items() if names)


def sign_in_update(interaction: Interaction, *, session_id: str, authenticated_at: int, now: int) -> dict[str, Any]:
    """Return the arguments of the update by a sign-in; it removes later marks, which may be another user's."""
    changes = {"session_id": session_id, "authenticated_at": authenticated_at, "consented": None, "confirmed_at": None}
    return interaction_update(interaction, changes, read={"denied": None}, now=now)


def use_update(interaction: Interaction, *, grant_id: str, now: int) -> dict[str, Any]:
    """Return the arguments of the update that marks the interaction used by a grant."""
    read = {
        "denied": None,
        "session_id": interaction.session_id,
        "authenticated_at": interaction.authenticated_at,
    }
    return interaction_update(interaction, {"grant_id": grant_id}, read=read, now=now)
