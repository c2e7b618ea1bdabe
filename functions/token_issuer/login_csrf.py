"""A login reads what the browser posted that it showed its form to, and nothing else (RFC 6749 §10.12, R37).

Otherwise a page of an attacker posts the attacker's own name and password from the victim's browser, and whatever the
victim then enters is in the attacker's account. What that page cannot know is the secret in the victim's cookie.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping

from token_issuer.cookie import Cookie
from token_issuer.form import Form
from token_issuer.request import Request

TOKEN_FIELD = "csrf_token"
_COOKIE = "keyturn-browser"
_SECRET = re.compile("[A-Za-z0-9_-]{43}")


class LoginCsrf:
    """Gives the forms of a login a token that is bound to the browser, and knows it again; nothing is stored."""

    def __init__(self, *, secure: bool) -> None:
        """Take whether the issuer has TLS."""
        self._cookie = Cookie(_COOKIE, secure=secure)

    def protect(self, request: Request, fields: Mapping[str, str]) -> tuple[Mapping[str, str], tuple[str, ...]]:
        """Return a form's hidden fields with the token, and the cookies to set: none where the browser has it."""
        known = self._secret(request)
        secret = known or secrets.token_urlsafe(32)
        cookies = () if known else (self._cookie.write(secret),)
        return {**fields, TOKEN_FIELD: _token(secret)}, cookies

    def accepts(self, request: Request, form: Form) -> bool:
        """Tell whether the form was shown to the browser that posts it."""
        secret, token = self._secret(request), form.get(TOKEN_FIELD)
        return secret is not None and token is not None and hmac.compare_digest(_token(secret).encode(), token.encode())

    def _secret(self, request: Request) -> str | None:
        value = self._cookie.read(request)
        return value if value is not None and _SECRET.fullmatch(value) else None


def is_login_form(request: Request, form: Form) -> bool:
    """Tell whether a login's form was posted, rightly or not, rather than an authorization request."""
    return request.method == "POST" and form.get(TOKEN_FIELD) is not None


def _token(secret: str) -> str:
    """Return the token that goes with the secret of a browser; the secret itself stays out of reach of the page."""
    digest = hmac.digest(secret.encode(), b"keyturn login form", hashlib.sha256)
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
