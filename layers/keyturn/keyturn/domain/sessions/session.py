"""A session: one browser in which one user is signed in. The cookie is stored as its SHA-256 alone."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

# Seconds. `last_used_at` is written at most this often, so that an idle session may end this much early.
TOUCH_INTERVAL = 300
# The acr of a sign-in by password alone (OIDC Core §2).
PASSWORD_ACR = "urn:keyturn:password"  # pragma: allowlist secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One session; all times are service time in whole seconds.

    `key_hash` is `hash_cookie` of the cookie's value. `session_id` (sid) stays the same when the same user signs in
    again in this browser; the cookie's value changes then. `created_at` is the time of the password's check.
    `auth_time` is the same time, or some minutes later if the user signed out everywhere else: it lies after that
    cutoff. The session ends `idle_seconds` after `last_used_at`, or at `expires_at`. `gave_code` says that a client may
    hold tokens with this sid.
    """

    key_hash: str
    session_id: str
    subject: str
    auth_time: int
    created_at: int
    last_used_at: int
    idle_seconds: int
    expires_at: int
    acr: str | None = None
    amr: tuple[str, ...] = ()
    device: str = ""
    gave_code: bool = False

    def is_over(self, now: int) -> bool:
        """Return whether the session has reached its idle or its absolute limit."""
        return now >= min(self.last_used_at + self.idle_seconds, self.expires_at)

    def is_due(self, now: int) -> bool:
        """Return whether `last_used_at` is due to be written."""
        return now - self.last_used_at >= TOUCH_INTERVAL


def hash_cookie(value: str) -> str:
    """Return the hex SHA-256 of a cookie's value: a stolen table gives no session."""
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()
