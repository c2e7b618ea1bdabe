"""A one-time link by which a user chooses a password; stored as its SHA-256 alone."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

LINK_BYTES = 32
# Seconds. The first sign-in of a new user may wait for days; a reset is used at once.
FIRST_LINK_LIFETIME = 7 * 86_400
LINK_LIFETIME = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One link; `user_revision` and `credential_revision` (None: no password yet) must still hold when it is used."""

    key_hash: str
    subject: str
    user_revision: int
    credential_revision: int | None
    expires_at: int


def hash_link(value: str) -> str:
    """Return the hex SHA-256 of a link's value."""
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()
