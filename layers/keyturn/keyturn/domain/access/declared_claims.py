"""The claims that the rules of an API declare: for the context of its backend, and for the API key of a usage plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TypeGuard

    from keyturn.domain.access.api_rules import Bearer

_ODD = frozenset(' "\\')
MAX_NAME_LENGTH = 128
CLAIM_NAME = f"1 to {MAX_NAME_LENGTH} printable ASCII characters without spaces, quotes and backslashes"
# JSON parsers read larger integers differently (RFC 7493 §2.2).
MAX_INTEGER = 2**53 - 1
# API Gateway accepts API keys of these lengths ("API key file format" of its guide). An access token is longer, so that
# it is never taken for a key.
MIN_API_KEY_LENGTH, MAX_API_KEY_LENGTH = 20, 128

# The context always has these claims, where the token has them.
USUAL_CONTEXT = frozenset({"sub", "client_id", "scope", "jti", "exp", "sid", "gid"})
# API Gateway sets $context.authorizer.<name> itself. A claim of that name would be lost, or replace the value in logs.
GATEWAY_VARIABLES = frozenset(
    {"claims", "error", "integrationLatency", "integrationStatus", "latency", "principalId", "requestId", "status"}
    | {"usageIdentifierKey"}
)


class DeclaredClaims:
    """The claims that an API's rules declare.

    `context` names the claims that the backend receives besides the usual ones. `api_key` names the claim with the API
    key of a usage plan, or is None.
    """

    __slots__ = ("api_key", "context")

    def __init__(self, context: tuple[str, ...] = (), api_key: str | None = None) -> None:
        self.context = context
        self.api_key = api_key

    def api_key_of(self, token: Bearer) -> str | None:
        """Return the token's API key; None if its claim is undeclared, absent, or has a value that no key can have."""
        key = None if self.api_key is None else token.claims.get(self.api_key)
        return key if isinstance(key, str) and len(key) >= MIN_API_KEY_LENGTH and _is_plain(key) else None


def is_claim_name(value: object) -> TypeGuard[str]:
    """Return whether a claim of a token can have this name."""
    return isinstance(value, str) and _is_plain(value)


def _is_plain(value: str) -> bool:
    """Return whether the value is short, and the same in JSON, in a log line and in a mapping template."""
    # Names and keys have the same bound. A regular expression would be compiled at each cold start.
    return 0 < len(value) <= MAX_NAME_LENGTH and value.isascii() and value.isprintable() and _ODD.isdisjoint(value)
