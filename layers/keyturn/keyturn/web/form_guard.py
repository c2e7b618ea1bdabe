"""Protection against cross-site request forgery: a form is accepted only from the browser that received it.

An attacker's page could otherwise post the attacker's own password from a victim's browser. The victim would then enter
data in the attacker's account. That page does not know the secret in the victim's cookie (RFC 6749 §10.12).
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets

from keyturn.domain.base64url import encode
from keyturn.web.cookie import Cookie
from keyturn.web.form import Form
from keyturn.web.request import Request

TOKEN_FIELD = "csrf_token"
_SECRET_BYTES = 32
_SECRET = re.compile("[A-Za-z0-9_-]{43}")


class FormGuard:
    """Derives the token of a form from a secret cookie: the browser's, or the session's after sign-in.

    The cookie has 256 bits in base64url, and the server stores no token. The two cookies give two tokens, so that a
    form of one user is never posted as another.
    """

    def __init__(self, cookie: Cookie) -> None:
        self._cookie = cookie

    def secret(self, request: Request) -> str | None:
        """Return the secret that the browser sent, or None without a well-formed one."""
        value = self._cookie.read(request)
        return value if value is not None and _SECRET.fullmatch(value) else None

    def ensure_secret(self, request: Request) -> tuple[str, tuple[str, ...]]:
        """Return the browser's secret and the cookies to set: a browser without a secret gets a new one."""
        known = self.secret(request)
        if known is not None:
            return known, ()
        secret = secrets.token_urlsafe(_SECRET_BYTES)
        return secret, (self._cookie.write(secret),)

    def token(self, secret: str) -> str:
        """Return the value of TOKEN_FIELD for the secret; the secret itself stays out of the page."""
        digest = hmac.digest(secret.encode(), b"keyturn form", hashlib.sha256)
        return encode(digest)

    def accepts(self, request: Request, form: Form) -> bool:
        """Return whether the form was shown to the browser that posts it; raises BadRequest for two tokens."""
        secret, token = self.secret(request), form.get(TOKEN_FIELD)
        if secret is None or token is None:
            return False
        return hmac.compare_digest(self.token(secret).encode(), token.encode())
