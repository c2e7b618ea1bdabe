"""The paths of the login's pages and posts, and the issuer's path that a finished interaction returns to."""

from __future__ import annotations

from urllib.parse import urlencode

SIGN_IN = "/login"
PASSWORD = "/login/password"
CONSENT = "/login/consent"
CONFIRM = "/login/confirm"
LINK = "/login/link"
ACCOUNT = "/account"
ACCOUNT_PASSWORD = "/account/password"
ACCOUNT_SESSIONS = "/account/sessions"
ACCOUNT_APPLICATIONS = "/account/applications"
LOGOUT = "/oauth2/logout"
AUTHORIZE = "/oauth2/authorize"

INTERACTION_FIELD = "interaction"
AGAIN_FIELD = "again"
# The page of the account that was requested before the sign-in: a known name, never a URL.
THEN_FIELD = "then"
DONE_FIELD = "done"
LINK_FIELD = "link"


def with_query(path: str, **parameters: str) -> str:
    """Return the path with the parameters as its query."""
    return f"{path}?{urlencode(parameters)}" if parameters else path
