"""The items of a profile: `u#<sub>` / `profile`, and `id#email#<normalised>` / `id`, which reserves its address."""

from __future__ import annotations

from typing import Any

from keyturn.adapters.aws.item_fields import mapping, optional_text, optional_whole, reading, text, whole
from keyturn.adapters.aws.item_version import ITEM_VERSION
from keyturn.domain.errors import ItemDamaged
from keyturn.domain.users.user import User

USER_PREFIX = "u#"
PROFILE = "profile"
_RESERVATION_PREFIX = "id#email#"


def user_key(subject: str, sort_key: str = PROFILE) -> dict[str, dict[str, str]]:
    """Return the primary key of one of a user's items, as attribute values."""
    return {"pk": {"S": f"{USER_PREFIX}{subject}"}, "sk": {"S": sort_key}}


def reservation_key(email: str) -> dict[str, dict[str, str]]:
    """Return the primary key of the reservation of a normalised address, as attribute values."""
    return {"pk": {"S": f"{_RESERVATION_PREFIX}{email}"}, "sk": {"S": "id"}}


def user_to_item(user: User) -> dict[str, Any]:
    """Return the item of a profile with plain Python values."""
    return {
        "pk": f"{USER_PREFIX}{user.subject}",
        "sk": PROFILE,
        "v": ITEM_VERSION,
        "email": user.email,
        "name": user.name,
        "email_verified_at": user.email_verified_at,
        "locale": user.locale,
        "claims": dict(user.claims),
        "created_at": user.created_at,
        "updated_at": user.updated_at,
        "revision": user.revision,
    }


def user_from_item(item: dict[str, Any]) -> User:
    """Return the profile of an item with plain Python values; raises ItemDamaged."""
    with reading(item, f"profile item {item.get('pk')}"):
        return User(
            subject=text(item, "pk").removeprefix(USER_PREFIX),
            email=text(item, "email"),
            name=optional_text(item, "name"),
            email_verified_at=optional_whole(item, "email_verified_at"),
            locale=optional_text(item, "locale"),
            claims=mapping(item, "claims"),
            created_at=whole(item, "created_at"),
            updated_at=whole(item, "updated_at"),
            revision=whole(item, "revision"),
        )


def reservation_to_item(email: str, subject: str) -> dict[str, Any]:
    """Return the item that reserves a normalised address, with plain Python values."""
    return {"pk": f"{_RESERVATION_PREFIX}{email}", "sk": "id", "v": ITEM_VERSION, "subject": subject}


def subject_from_reservation(item: dict[str, Any]) -> str:
    """Return the subject of a reservation with plain Python values; raises ItemDamaged without the address."""
    what = "reservation of an email address"
    with reading(item, what):
        subject = text(item, "subject")
    if not subject:
        raise ItemDamaged(what)
    return subject
