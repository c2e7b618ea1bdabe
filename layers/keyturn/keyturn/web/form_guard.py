"""The form guard: a form is read only from the browser that it was shown to (RFC 6749 §10.12, R37).

A page of an attacker could otherwise post the attacker's own password from a victim's browser. Everything that the
victim then enters would be in the attacker's account. That page does not know the secret in the victim's cookie.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets

from keyturn.web.cookie import Cookie
from keyturn.web.form import Form
from keyturn.web.request import Request

TOKEN_FIELD = "csrf_token"
_SECRET_BYTES = 32
_SECRET = re.compile("[A-Za-z0-9_-]{43}")


class FormGuard:
    """Derives the token of a form from a secret cookie: the browser's, or the session's after sign-in.

    Nothing is stored. The two cookies give two tokens, so that a form of one user is never posted as another.
    """

    def __init__(self, cookie: Cookie) -> None:
        """Take the cookie with the secret: 256 bits in base64url."""
        self._cookie = cookie

    def secret(self, request: Request) -> str | None:
        """Return the secret that the browser sent, or None where it sent none that has the form of one."""
        value = self._cookie.read(request)
        return value if value is not None and _SECRET.fullmatch(value) else None

    def ensure_secret(self, request: Request) -> tuple[str, tuple[str, ...]]:
        """Return the browser's secret and the cookies to set: a new secret and its cookie where it has none."""
        known = self.secret(request)
        if known is not None:
            return known, ()
        secret = secrets.token_urlsafe(_SECRET_BYTES)
        return secret, (self._cookie.write(secret),)

    def token(self, secret: str) -> str:
        """Return the value of TOKEN_FIELD for the secret; the secret itself stays out of the page."""
        digest = hmac.digest(secret.encode(), b"keyturn form", hashlib.sha256)
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")

    def accepts(self, request: Request, form: Form) -> bool:
        """Return whether the form was shown to the browser that posts it; raises BadRequest for two tokens."""
        secret, token = self.secret(request), form.get(TOKEN_FIELD)
        if secret is None or token is None:
            return False
        return hmac.compare_digest(self.token(secret).encode(), token.encode())
