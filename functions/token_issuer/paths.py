"""The paths of the issuer, and the paths of the login that the issuer refers to."""

from __future__ import annotations

AUTHORIZATION = "/oauth2/authorize"
TOKEN = "/oauth2/token"
USERINFO = "/oauth2/userinfo"
REVOCATION = "/oauth2/revoke"
INTROSPECTION = "/oauth2/introspect"
JWKS = "/.well-known/jwks.json"
METADATA = "/.well-known/oauth-authorization-server"
# API Gateway's JWT authorizers and most verifiers read this path only.
OPENID_METADATA = "/.well-known/openid-configuration"

LOGIN = "/login"
LOGOUT = "/oauth2/logout"
