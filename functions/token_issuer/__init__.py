"""The token issuer: an OAuth 2.0 authorization server that may sign with the ring's active key and never makes one."""
