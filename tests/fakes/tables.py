"""The tables of the template, a name and a logical id for each: a new table is added here on purpose."""

TABLES = {
    "rings": "KeyRingTable",
    "revocations": "RevocationTable",
    "clients": "ClientTable",
    "grants": "GrantTable",
    "users": "UserTable",
    "authorities": "AuthorityTable",
    "credentials": "CredentialTable",
    "sessions": "SessionTable",
    "interactions": "InteractionTable",
}
