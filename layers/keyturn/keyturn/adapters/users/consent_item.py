"""The item of a consent: `u#<sub>` / `consent#<client id>`, beside the profile."""

from __future__ import annotations

from typing import Any

from keyturn.adapters.aws.item_fields import reading, text, texts, whole
from keyturn.adapters.aws.item_version import ITEM_VERSION
from keyturn.adapters.users.user_item import USER_PREFIX, user_key
from keyturn.domain.users.consent import Consent

CONSENT_PREFIX = "consent#"


def consent_key(subject: str, client_id: str) -> dict[str, dict[str, str]]:
    """Return the primary key of the item, as attribute values."""
    return user_key(subject, f"{CONSENT_PREFIX}{client_id}")


def consent_to_item(consent: Consent) -> dict[str, Any]:
    """Return the item with plain Python values."""
    return {
        "pk": f"{USER_PREFIX}{consent.subject}",
        "sk": f"{CONSENT_PREFIX}{consent.client_id}",
        "v": ITEM_VERSION,
        "scopes": consent.scope,
        "resource": consent.resource,
        "at": consent.at,
    }


def consent_from_item(item: dict[str, Any]) -> Consent:
    """Return the consent of an item with plain Python values; raises ItemDamaged."""
    with reading(item, f"consent item {item.get('pk')} {item.get('sk')}"):
        return Consent(
            subject=text(item, "pk").removeprefix(USER_PREFIX),
            client_id=text(item, "sk").removeprefix(CONSENT_PREFIX),
            scope=texts(item, "scopes"),
            resource=text(item, "resource"),
            at=whole(item, "at"),
        )
