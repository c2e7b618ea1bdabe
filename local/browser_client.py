"""The registration of examples/browser-app: a public client of the operator's own, at the origin that is served."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from keyturn.adapters.clients.dynamodb_clients import DynamoDbClientRegistry
from keyturn.domain.clients.client import Client

CLIENT_ID = "browser-app"
REQUESTED_SCOPE = "openid profile email reports:read"
_NAME = "Reports"  # the heading of its page


def register_browser_client(dynamodb: Any, table: str, *, origin: str, audience: str) -> None:
    """Register the example for this origin; a stack that moved to another port gets its registration updated.

    The redirect URI is a loopback one, so each sign-in ends with a page of confirmation (RFC 8252 §8.6).
    """
    registry = DynamoDbClientRegistry(dynamodb, table)
    wanted: dict[str, Any] = {
        "name": _NAME,
        "grant_types": frozenset({"authorization_code", "refresh_token"}),
        "authentication": frozenset({"none"}),
        "scopes": frozenset(REQUESTED_SCOPE.split()),
        "audiences": (audience,),
        "redirect_uris": (f"{origin}/callback",),
        "post_logout_redirect_uris": (f"{origin}/",),
        "cors_origins": frozenset({origin}),
        "first_party": True,
    }
    stored = registry.get(CLIENT_ID)
    if stored is None:
        registry.add(Client(client_id=CLIENT_ID, created_at=int(time.time()), **wanted))
    elif replace(stored, **wanted) != stored:
        registry.update(replace(stored, **wanted))
