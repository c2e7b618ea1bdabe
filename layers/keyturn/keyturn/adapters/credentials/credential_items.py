"""The items of passwords (`u#<sub>` / `password`), known browsers (`u#<sub>` / `d#<hash>`) and links (`l#<hash>`)."""

from __future__ import annotations

from typing import Any

from keyturn.adapters.aws.item_fields import mapping, optional_whole, reading, text, whole
from keyturn.adapters.aws.item_version import ITEM_VERSION
from keyturn.domain.credentials.link import Link
from keyturn.domain.credentials.password import Argon2Parameters, PasswordCredential

OWNER_PREFIX = "u#"
DEVICE_PREFIX = "d#"
_LINK_PREFIX = "l#"
_PASSWORD = "password"  # pragma: allowlist secret


def owner_key(subject: str, sort_key: str) -> dict[str, dict[str, str]]:
    """Return the primary key of one of a user's items, as attribute values."""
    return {"pk": {"S": f"{OWNER_PREFIX}{subject}"}, "sk": {"S": sort_key}}


def password_key(subject: str) -> dict[str, dict[str, str]]:
    """Return the primary key of a user's password, as attribute values."""
    return owner_key(subject, _PASSWORD)


def device_key(subject: str, device_hash: str) -> dict[str, dict[str, str]]:
    """Return the primary key of a known browser, as attribute values."""
    return owner_key(subject, f"{DEVICE_PREFIX}{device_hash}")


def failures_key(subject: str) -> dict[str, dict[str, str]]:
    """Return the primary key of a user's failures in a row, as attribute values."""
    return owner_key(subject, "failures")


def attempts_key(bucket: str, start: int) -> dict[str, dict[str, str]]:
    """Return the primary key of a bucket's attempts in the window that starts then, as attribute values."""
    return {"pk": {"S": f"t#{bucket}#{start}"}, "sk": {"S": "attempts"}}


def link_key(key_hash: str) -> dict[str, dict[str, str]]:
    """Return the primary key of a link, as attribute values."""
    return {"pk": {"S": f"{_LINK_PREFIX}{key_hash}"}, "sk": {"S": "link"}}


def password_to_item(credential: PasswordCredential) -> dict[str, Any]:
    """Return the item of a password with plain Python values."""
    return {
        "pk": f"{OWNER_PREFIX}{credential.subject}",
        "sk": _PASSWORD,
        "v": ITEM_VERSION,
        "pepper_key": credential.pepper_key,
        "mac": credential.mac,
        "salt": credential.salt,
        "parameters": {
            "memory": credential.parameters.memory,
            "iterations": credential.parameters.iterations,
            "lanes": credential.parameters.lanes,
        },
        "changed_at": credential.changed_at,
        "revision": credential.revision,
    }


def password_from_item(item: dict[str, Any]) -> PasswordCredential:
    """Return the password of an item with plain Python values; raises ItemDamaged."""
    with reading(item, f"password item {item.get('pk')}"):
        parameters = mapping(item, "parameters")
        return PasswordCredential(
            subject=text(item, "pk").removeprefix(OWNER_PREFIX),
            pepper_key=text(item, "pepper_key"),
            mac=text(item, "mac"),
            salt=text(item, "salt"),
            parameters=Argon2Parameters(
                memory=whole(parameters, "memory"),
                iterations=whole(parameters, "iterations"),
                lanes=whole(parameters, "lanes"),
            ),
            changed_at=whole(item, "changed_at"),
            revision=whole(item, "revision"),
        )


def link_to_item(link: Link) -> dict[str, Any]:
    """Return the item of a link with plain Python values."""
    return {
        "pk": f"{_LINK_PREFIX}{link.key_hash}",
        "sk": "link",
        "v": ITEM_VERSION,
        "subject": link.subject,
        "user_revision": link.user_revision,
        "credential_revision": link.credential_revision,
        "expires_at": link.expires_at,
    }


def link_from_item(item: dict[str, Any]) -> Link:
    """Return the link of an item with plain Python values; raises ItemDamaged."""
    with reading(item, f"link item {item.get('pk')}"):
        return Link(
            key_hash=text(item, "pk").removeprefix(_LINK_PREFIX),
            subject=text(item, "subject"),
            user_revision=whole(item, "user_revision"),
            credential_revision=optional_whole(item, "credential_revision"),
            expires_at=whole(item, "expires_at"),
        )
