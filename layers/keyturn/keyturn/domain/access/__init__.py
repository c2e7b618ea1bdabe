"""Access to an API: scopes, access rules and the readings of a path."""
