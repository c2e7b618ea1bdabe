"""Refuses a registration whose tokens would be larger than any token can be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keyturn.domain.clients.client import Client
from keyturn.domain.clients.token_size import MAX_SIGNING_INPUT, MAX_USER_CLAIMS, claims_size, largest_token
from keyturn_cli.errors import CommandError


class RegistrationTooLarge(CommandError):
    """A token with all registered values would be too large."""


def check_token_size(client: Client, issuer: str) -> Client:
    """Return the client if its largest token can be issued; raises RegistrationTooLarge."""
    size = largest_token(client, issuer)
    if size > MAX_SIGNING_INPUT:
        raise RegistrationTooLarge(
            f"a token with all scopes and claims would have {size} bytes, and a token has at most {MAX_SIGNING_INPUT}",
            "register fewer or shorter scopes, claims and audiences",
        )
    return client


def check_user_claims(claims: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a user's custom claims if each client's tokens have room for them; raises RegistrationTooLarge."""
    size = claims_size(claims)
    if size > MAX_USER_CLAIMS:
        raise RegistrationTooLarge(
            f"the custom claims would have {size} bytes as JSON, and those of a user have at most {MAX_USER_CLAIMS}",
            "set fewer or shorter claims",
        )
    return claims
