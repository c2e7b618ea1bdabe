"""Grants: stored authorizations, their credentials and PKCE."""
