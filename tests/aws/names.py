"""Names of the template that the facts are about; tests/infrastructure compares them with the template."""

from __future__ import annotations

# The tables that a deleted stack leaves, each with the attribute by which its items expire.
TABLES: dict[str, str | None] = {
    "KeyRingTable": None,
    "RevocationTable": "expires_at",
    "ClientTable": None,
    "GrantTable": "expires_at",
    "UserTable": None,
    "AuthorityTable": None,
    "CredentialTable": "expires_at",
    "SessionTable": "expires_at",
    "InteractionTable": "expires_at",
}
ALGORITHMS = ("RS256", "PS256", "ES256", "Ed25519")
MODES = ("snapshot", "strict")
FUNCTIONS = ("TokenIssuer", "Login", "Authorizer", "KeyRotator")
FUNCTION_GROUPS = tuple(f"{name}LogGroup" for name in FUNCTIONS)
LOG_GROUPS = (*FUNCTION_GROUPS, "IssuerApiLogGroup")
ROLES = ("TokenIssuerRole", "LoginRole", "AuthorizerRole", "KeyRotatorRole", "ScheduleRole")
