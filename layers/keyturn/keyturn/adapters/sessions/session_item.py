"""The items of a session: `s#<hash of the cookie>` / `session`, and the pointer `u#<sub>` / `s#<hash>`.

`expires_at` is the session's absolute end, and the table's TTL attribute, which deletes the item some time later.
"""

from __future__ import annotations

from typing import Any

from keyturn.adapters.aws.item_fields import flag, optional_text, reading, text, text_list, whole
from keyturn.adapters.aws.item_version import ITEM_VERSION
from keyturn.domain.errors import ItemDamaged
from keyturn.domain.sessions.session import Session

SESSION_PREFIX = "s#"
OWNER_PREFIX = "u#"
_SORT_KEY = "session"


def session_key(key_hash: str) -> dict[str, dict[str, str]]:
    """Return the primary key of the session's item, as attribute values."""
    return {"pk": {"S": f"{SESSION_PREFIX}{key_hash}"}, "sk": {"S": _SORT_KEY}}


def pointer_key(session: Session) -> dict[str, dict[str, str]]:
    """Return the primary key of the session's pointer, as attribute values."""
    return {"pk": {"S": f"{OWNER_PREFIX}{session.subject}"}, "sk": {"S": f"{SESSION_PREFIX}{session.key_hash}"}}


def session_delete(session: Session, *, is_there: bool = False) -> dict[str, Any]:
    """Return the arguments that delete the session, without the table, if it gave no first code since it was read.

    A code that was given since has a sid that would stay unrevoked. `is_there` requires that the session still exists.
    """
    conditions = ["attribute_exists(pk)"] if is_there else []
    delete: dict[str, Any] = {"Key": session_key(session.key_hash)}
    if not session.gave_code:
        conditions.append("(attribute_not_exists(gave_code) OR gave_code = :gave_none)")
        delete["ExpressionAttributeValues"] = {":gave_none": {"BOOL": False}}
    return delete | ({"ConditionExpression": " AND ".join(conditions)} if conditions else {})


def session_to_item(session: Session) -> dict[str, Any]:
    """Return the session's item with plain Python values."""
    return {
        "pk": f"{SESSION_PREFIX}{session.key_hash}",
        "sk": _SORT_KEY,
        "v": ITEM_VERSION,
        "session_id": session.session_id,
        "subject": session.subject,
        "auth_time": session.auth_time,
        "created_at": session.created_at,
        "last_used_at": session.last_used_at,
        "idle_seconds": session.idle_seconds,
        "expires_at": session.expires_at,
        "acr": session.acr,
        "amr": list(session.amr),
        "device": session.device,
        "gave_code": session.gave_code,
    }


def pointer_to_item(session: Session) -> dict[str, Any]:
    """Return the pointer's item with plain Python values."""
    return {
        "pk": f"{OWNER_PREFIX}{session.subject}",
        "sk": f"{SESSION_PREFIX}{session.key_hash}",
        "v": ITEM_VERSION,
        "expires_at": session.expires_at,
    }


def session_from_item(item: dict[str, Any]) -> Session:
    """Return the session of an item with plain Python values; raises ItemDamaged."""
    with reading(item, f"session item {item.get('pk')}"):
        return Session(
            key_hash=text(item, "pk").removeprefix(SESSION_PREFIX),
            session_id=text(item, "session_id"),
            subject=text(item, "subject"),
            auth_time=whole(item, "auth_time"),
            created_at=whole(item, "created_at"),
            last_used_at=whole(item, "last_used_at"),
            idle_seconds=whole(item, "idle_seconds"),
            expires_at=whole(item, "expires_at"),
            acr=optional_text(item, "acr"),
            amr=text_list(item, "amr"),
            device=text(item, "device"),
            gave_code=flag(item, "gave_code"),
        )


def hash_from_pointer(item: dict[str, Any]) -> str:
    """Return the hash that a pointer with plain Python values points to; raises ItemDamaged."""
    what = f"session pointer {item.get('pk')}"
    with reading(item, what):
        key_hash = text(item, "sk").removeprefix(SESSION_PREFIX)
    if not key_hash:
        raise ItemDamaged(what)
    return key_hash
