"""The one item of a grant: `pk = grant#<gid>`, with its code and its refresh tokens as hashes.

`expires_at` is the table's TTL attribute: it is for garbage collection alone.
"""

from __future__ import annotations

from typing import Any

from keyturn.adapters.aws.item_fields import reading
from keyturn.adapters.aws.item_version import ITEM_VERSION
from keyturn.domain.grants.grant import CodeBinding, Grant, RefreshState

_PREFIX = "grant#"
# A used code is stored so many seconds longer than its last token, so that a second use is recognised.
KEPT_AFTER_THE_END = 86_400


def grant_key(gid: str) -> dict[str, dict[str, str]]:
    """Return the primary key of the grant's item, as attribute values."""
    return {"pk": {"S": f"{_PREFIX}{gid}"}}


def grant_to_item(grant: Grant) -> dict[str, Any]:
    """Return the item of a grant with plain Python values."""
    end = grant.code.expires_at if grant.refresh is None else grant.refresh.expires_at
    return {
        "pk": f"{_PREFIX}{grant.gid}",
        "v": ITEM_VERSION,
        "client_id": grant.client_id,
        "subject": grant.subject,
        "audience": grant.audience,
        "scopes": grant.scope,
        "created_at": grant.created_at,
        "code_hash": grant.code.code_hash,
        "redirect_uri": grant.code.redirect_uri,
        "challenge": grant.code.challenge,
        "code_expires_at": grant.code.expires_at,
        "session_id": grant.session_id,
        "auth_time": grant.auth_time,
        "acr": grant.acr,
        "amr": list(grant.amr),
        "nonce": grant.nonce,
        "claims": dict(grant.claims),
        "redemption": grant.redemption,
        **({} if grant.refresh is None else refresh_to_attributes(grant.refresh)),
        "expires_at": end + KEPT_AFTER_THE_END,
    }


def refresh_to_attributes(refresh: RefreshState) -> dict[str, Any]:
    """Return the attributes of a grant's refresh tokens with plain Python values."""
    return {
        "proof_hash": refresh.proof_hash,
        "current_hash": refresh.current_hash,
        "previous_hash": refresh.previous_hash,
        "successor_nonce": refresh.successor_nonce,
        "rotated_at": refresh.rotated_at,
        "idle_expires_at": refresh.idle_expires_at,
        "refresh_expires_at": refresh.expires_at,
    }


def grant_from_item(item: dict[str, Any]) -> Grant:
    """Return the grant of an item with plain Python values; raises ItemDamaged."""
    with reading(item, f"grant item {item.get('pk')}"):
        return Grant(
            gid=item["pk"].removeprefix(_PREFIX),
            client_id=item["client_id"],
            subject=item["subject"],
            audience=item["audience"],
            scope=frozenset(item.get("scopes", ())),
            created_at=item["created_at"],
            code=CodeBinding(
                code_hash=item["code_hash"],
                redirect_uri=item["redirect_uri"],
                challenge=item.get("challenge"),
                expires_at=item["code_expires_at"],
            ),
            session_id=item.get("session_id"),
            auth_time=item.get("auth_time"),
            acr=item.get("acr"),
            amr=tuple(item.get("amr", ())),
            nonce=item.get("nonce"),
            claims=item.get("claims", {}),
            redemption=item.get("redemption"),
            refresh=_refresh(item),
        )


def _refresh(item: dict[str, Any]) -> RefreshState | None:
    if "proof_hash" not in item:
        return None
    return RefreshState(
        proof_hash=item["proof_hash"],
        current_hash=item["current_hash"],
        previous_hash=item.get("previous_hash"),
        successor_nonce=item.get("successor_nonce"),
        rotated_at=item.get("rotated_at"),
        idle_expires_at=item["idle_expires_at"],
        expires_at=item["refresh_expires_at"],
    )
