"""The browser's three cookies, and the forms that are bound to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from keyturn.web.cookie import BROWSER_COOKIE, DEVICE_COOKIE, SESSION_COOKIE, Cookie
from keyturn.web.form import Form
from keyturn.web.form_guard import TOKEN_FIELD, FormGuard
from keyturn.web.request import Request
from login.pages.fields import PageLink, PostForm
from login.pages.texts import Text, say
from login.refusals import ForeignForm

DEVICE_COOKIE_SECONDS = 400 * 86_400


class GuardedForm(NamedTuple):
    """A form for a page, and the cookies that its response has to set."""

    form: PostForm
    cookies: tuple[str, ...]


class Browser:
    """Reads and writes the cookies; forms are bound to the browser's cookie before sign-in, then to the session's."""

    def __init__(self, *, secure: bool) -> None:
        self.browser_guard = FormGuard(Cookie(BROWSER_COOKIE, secure=secure))
        self.session_cookie = Cookie(SESSION_COOKIE, secure=secure)
        self.session_guard = FormGuard(self.session_cookie)
        self.device_cookie = Cookie(DEVICE_COOKIE, secure=secure, max_age=DEVICE_COOKIE_SECONDS)

    def browser_form(self, request: Request, action: str, hidden: Mapping[str, str]) -> GuardedForm:
        """Return a form that only this browser can post; the first form of a browser sets its cookie."""
        secret, cookies = self.browser_guard.ensure_secret(request)
        token = self.browser_guard.token(secret)
        return GuardedForm(PostForm(action, {**hidden, TOKEN_FIELD: token}), cookies)

    def session_form(self, request: Request, action: str, hidden: Mapping[str, str] | None = None) -> PostForm:
        """Return a form that only this session can post; raises ForeignForm without a session cookie."""
        secret = self.session_guard.secret(request)
        if secret is None:
            raise ForeignForm("the browser sent no session cookie")
        return PostForm(action, {**(hidden or {}), TOKEN_FIELD: self.session_guard.token(secret)})

    def check_session_form(self, request: Request, form: Form, *, reload: str) -> None:
        """Raise ForeignForm with a link to `reload` for a form that was not shown in this session."""
        if not self.session_guard.accepts(request, form):
            raise ForeignForm("the form was not shown in this session", link=PageLink(say(Text.TRY_AGAIN), reload))

    def signed_in_cookies(self, session: str, device: str) -> tuple[str, ...]:
        """Return the Set-Cookie values after a sign-in."""
        return (self.session_cookie.write(session), self.device_cookie.write(device))
