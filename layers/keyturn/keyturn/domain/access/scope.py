"""Scope values (RFC 6749 §3.3)."""

from __future__ import annotations

import re
from functools import lru_cache

OPENID = "openid"
# What these open is the user's own claims at the issuer (OIDC Core §5.4): no resource server has a say in them.
OPENID_SCOPES = frozenset({OPENID, "profile", "email", "phone", "address"})
# Asks for tokens while the user is away (OIDC Core §11). It is about the grant: no access token carries it.
OFFLINE_ACCESS = "offline_access"

_SCOPE_TOKEN = r"[\x21\x23-\x5B\x5D-\x7E]+"
_TOKEN = re.compile(_SCOPE_TOKEN)
_SCOPE = re.compile(rf"{_SCOPE_TOKEN}(?: {_SCOPE_TOKEN})*")


def parse_scope(value: str) -> frozenset[str]:
    """Return the scope tokens of a scope value (RFC 6749 §3.3); raises ValueError when the grammar does not hold."""
    if _SCOPE.fullmatch(value) is None:
        raise ValueError("scope is one or more tokens of printable ASCII, separated by single spaces")
    return frozenset(value.split(" "))


def check_scope_tokens(scope: frozenset[str]) -> None:
    """Raise ValueError unless each is one token of a scope value: one with a space could never be asked for."""
    if not all(_TOKEN.fullmatch(token) for token in scope):
        raise ValueError("a scope is a token of printable ASCII without spaces, quotes and backslashes")


# Each answer of the authorizer tells its token's scope, and tokens have few among them.
@lru_cache(maxsize=128)
def format_scope(scope: frozenset[str]) -> str:
    """Return the scope value of a set of tokens, in a stable order."""
    return " ".join(sorted(scope))
