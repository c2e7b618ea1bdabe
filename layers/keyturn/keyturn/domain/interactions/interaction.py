"""An interaction: an authorization request that waits for its user (RFC 6749 §4.1, OIDC Core §3.1.2).

The issuer writes the request and its demands. The login has the user meet each demand, and writes one mark for it; it
does not choose demands. The issuer returns a code when each demand has its own mark.
"""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

# Seconds from the request to the code: a user may have to find a password meanwhile.
INTERACTION_LIFETIME = 1800
INTERACTION_ID_BYTES = 16


class Demand(enum.StrEnum):
    """A step that the user must take before the client gets a code."""

    AUTHENTICATE = "authenticate"  # sign in now, even with a session
    CONSENT = "consent"  # allow the client now (prompt=consent)
    RECORDED_CONSENT = "recorded_consent"  # allow the client, unless an earlier consent covers the request
    CONFIRM = "confirm"  # confirm a native client (RFC 8252 §8.6)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentMark:
    """The exact scope and resource that the user allowed; `at` is service time in whole seconds."""

    scope: frozenset[str]
    resource: str
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """One request that waits; all times are service time in whole seconds.

    `key_hash` is `hash_interaction_id` of the value in the URL. `request` has the canonical, validated parameters.
    `browser_hash` is the hash of the browser's cookie, None until a GET has bound it. `session_id` is the session that
    the code will be for: the issuer writes the session that it recognised. The login writes the session that it
    started, with `authenticated_at` as its mark. `denied` says that the user refused. `grant_id` is that of the code,
    None until the interaction is used.
    """

    key_hash: str
    client_id: str
    request: Mapping[str, str]
    scope: frozenset[str]
    resource: str
    demands: frozenset[Demand]
    created_at: int
    expires_at: int
    browser_hash: str | None = None
    subject_hint: str | None = None
    session_id: str | None = None
    authenticated_at: int | None = None
    consented: ConsentMark | None = None
    confirmed_at: int | None = None
    denied: bool = False
    grant_id: str | None = None

    def is_over(self, now: int) -> bool:
        """Return whether the interaction has expired."""
        return now >= self.expires_at


def hash_interaction_id(value: str) -> str:
    """Return the hex SHA-256 of an interaction's id: a stolen table gives access to none."""
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()
