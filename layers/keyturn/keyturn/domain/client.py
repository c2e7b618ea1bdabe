"""Registered clients (RFC 6749 §2)."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass

# A user's subject begins with `u_`: the two name spaces never meet (R17, RFC 9700 §4.15).
_CLIENT_ID = re.compile(r"(?!u_)[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_AUDIENCE = re.compile(r"[\x21-\x7E]{1,255}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """One registered client.

    `secret_hashes` are SHA-256 digests in hex, at most two at a time, so that secrets rotate without downtime; one is
    256 random bits, hence a plain digest is enough. `scopes` is the most that it may ask for, `audiences` the resource
    servers that its tokens may be for; `introspects` the audiences on whose behalf it may introspect the tokens of
    others (RFC 7662 §2.1).
    """

    client_id: str
    name: str
    secret_hashes: tuple[str, ...]
    grant_types: frozenset[str]
    scopes: frozenset[str]
    audiences: tuple[str, ...]
    introspects: frozenset[str] = frozenset()
    created_at: int = 0

    def __post_init__(self) -> None:
        """Refuse a registration that could not work or would blur name spaces; raises ValueError that says which."""
        if not is_client_id(self.client_id):
            raise ValueError("a client id is 1 to 64 of A-Z a-z 0-9 . _ - and does not begin with u_")
        if not 0 < len(self.name) <= 100 or not self.name.isprintable():
            raise ValueError("a client's name is 1 to 100 printable characters")
        if not 1 <= len(self.secret_hashes) <= 2:
            raise ValueError("a client has one or two secrets")
        if not self.audiences:
            raise ValueError("a client needs an audience that its tokens are for")
        for audience in (*self.audiences, *self.introspects):
            if _AUDIENCE.fullmatch(audience) is None:
                raise ValueError("an audience is 1 to 255 printable characters without spaces")


def is_client_id(value: str) -> bool:
    """Tell whether a client could be registered by this id."""
    return _CLIENT_ID.fullmatch(value) is not None


def hash_secret(secret: str) -> str:
    """Return the hex SHA-256 of a client secret, the only form that is stored (R23)."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def secret_matches(client: Client | None, secret: str) -> bool:
    """Tell whether the secret is one of the client's, in constant time; an unknown client costs the same (R23)."""
    presented = hash_secret(secret)
    stored = client.secret_hashes if client is not None else ()
    padded = (*stored, "", "")[:2]
    matches = [hmac.compare_digest(presented, candidate.ljust(64, "-")) for candidate in padded]
    return any(matches)
