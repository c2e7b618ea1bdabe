"""The paths of the issuer, and those of the login that it names."""

from __future__ import annotations

AUTHORIZATION = "/oauth2/authorize"
TOKEN = "/oauth2/token"
USERINFO = "/oauth2/userinfo"
REVOCATION = "/oauth2/revoke"
INTROSPECTION = "/oauth2/introspect"
JWKS = "/.well-known/jwks.json"
METADATA = "/.well-known/oauth-authorization-server"
# API Gateway's JWT authorizers and most verifiers look nowhere else.
OPENID_METADATA = "/.well-known/openid-configuration"

LOGIN = "/login"
LOGOUT = "/oauth2/logout"
