"""Scope values (RFC 6749 §3.3)."""

from __future__ import annotations

import re
from functools import lru_cache

OPENID = "openid"
# These give access to the user's own claims at the issuer (OIDC Core §5.4), independent of resource servers.
OPENID_SCOPES = frozenset({OPENID, "profile", "email", "phone", "address"})
# Requests a refresh token for use while the user is away (OIDC Core §11). Access tokens never carry it.
OFFLINE_ACCESS = "offline_access"

_SCOPE_TOKEN = r"[\x21\x23-\x5B\x5D-\x7E]+"
_TOKEN = re.compile(_SCOPE_TOKEN)
_SCOPE = re.compile(rf"{_SCOPE_TOKEN}(?: {_SCOPE_TOKEN})*")


def parse_scope(value: str) -> frozenset[str]:
    """Return the scope tokens of a scope value (RFC 6749 §3.3); raises ValueError for any other text."""
    if _SCOPE.fullmatch(value) is None:
        raise ValueError("scope is one or more tokens of printable ASCII, separated by single spaces")
    return frozenset(value.split(" "))


def check_scope_tokens(scope: frozenset[str]) -> None:
    """Raise ValueError unless each is one token of a scope value: a client could never request one with a space."""
    if not all(_TOKEN.fullmatch(token) for token in scope):
        raise ValueError("a scope is a token of printable ASCII without spaces, quotes and backslashes")


# Each authorizer result contains the token's scope, and few different scopes occur.
@lru_cache(maxsize=128)
def format_scope(scope: frozenset[str]) -> str:
    """Return the scope value of a set of tokens, in a stable order."""
    return " ".join(sorted(scope))
