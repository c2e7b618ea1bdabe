"""Registered resource servers (RFC 8707): scopes, lifetime, algorithm and claims of the tokens for one audience."""

from __future__ import annotations

import re
from dataclasses import dataclass

from keyturn.domain.access.declared_claims import is_claim_name
from keyturn.domain.access.scope import check_scope_tokens
from keyturn.domain.keys.key_ring import SIGNING_ALGORITHMS

_AUDIENCE = re.compile(r"[\x21-\x7E]{1,255}")
# A URL of a host alone, with or without the slash of its empty path.
_WITHOUT_PATH = re.compile(r"((?:https?|wss?)://[^/?#]+)/?((?:\?.*)?)")

# The issuer sets these claims itself (RFC 9068 §2.2, RFC 7519 §4.1, RFC 7800, RFC 8693): custom claims cannot.
RESERVED_CLAIMS = frozenset(
    {"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "client_id", "scope", "sid", "gid", "cnf", "act", "may_act"}
    | {"auth_time", "acr", "amr", "azp", "nonce", "at_hash"}
)
MAX_TOKEN_LIFETIME = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceServer:
    """One registered resource server.

    `scopes` are all scopes that tokens for it may carry. `access_token_lifetime` is in seconds, None for the issuer's
    default. `algorithm` names the key ring that signs them, None for the issuer's default. `claims` are the names of
    the custom claims that they carry; the values are the user's or the client's. `revision` counts the changes.
    """

    audience: str
    name: str
    scopes: frozenset[str]
    access_token_lifetime: int | None = None
    algorithm: str | None = None
    claims: frozenset[str] = frozenset()
    created_at: int = 0
    revision: int = 0

    def __post_init__(self) -> None:
        """Raise ValueError, which names the part, for a registration that could not work."""
        check_audience(self.audience)
        if not 0 < len(self.name) <= 100 or not self.name.isprintable():
            raise ValueError("a resource server's name is 1 to 100 printable characters")
        check_scope_tokens(self.scopes)
        check_lifetime(self.access_token_lifetime)
        if self.algorithm is not None and self.algorithm not in SIGNING_ALGORITHMS:
            raise ValueError(f"a resource server's algorithm is one of {', '.join(SIGNING_ALGORITHMS)}")
        for claim in self.claims:
            check_claim_name(claim)


def check_audience(audience: str) -> None:
    """Raise ValueError unless the value is a possible audience."""
    if _AUDIENCE.fullmatch(audience) is None:
        raise ValueError("an audience is 1 to 255 printable characters without spaces")


def is_same_resource(one: str, other: str) -> bool:
    """Return whether two resource indicators are equal, or URLs that differ in the empty path alone (RFC 3986 §6.2.3).

    A client's URL library may write `https://api.example` as `https://api.example/`.
    """
    return one == other or _with_path(one) == _with_path(other)


def _with_path(resource: str) -> str:
    match = _WITHOUT_PATH.fullmatch(resource)
    return resource if match is None else f"{match[1]}/{match[2]}"


def check_lifetime(seconds: int | None) -> None:
    """Raise ValueError unless access tokens may be valid for this number of seconds; None is allowed."""
    if seconds is not None and not 1 <= seconds <= MAX_TOKEN_LIFETIME:
        raise ValueError(f"an access token lives 1 to {MAX_TOKEN_LIFETIME} seconds")


def check_claim_name(name: str) -> None:
    """Raise ValueError unless a custom claim can have this name."""
    if not is_claim_name(name):
        raise ValueError("a claim's name is 1 to 128 printable characters without spaces, quotes and backslashes")
    if name in RESERVED_CLAIMS:
        raise ValueError(f"the claim {name} is set by the issuer in every token")
