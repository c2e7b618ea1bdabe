"""The posts of the account page: they need a live session, and a form that this session has received."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from keyturn.web.form import Form, parse_form
from keyturn.web.request import Request
from keyturn.web.responses import Response, redirect
from login import paths

if TYPE_CHECKING:
    from keyturn.domain.sessions.session import Session
    from login.browser import Browser
    from login.current_session import CurrentSession


class AccountPost(NamedTuple):
    """A post of a signed-in user."""

    session: Session
    form: Form


class AccountPosts:
    """Reads the posts."""

    def __init__(self, browser: Browser, session: CurrentSession) -> None:
        self._browser = browser
        self._session = session

    def read(self, request: Request) -> AccountPost | Response:
        """Return the post, or the redirect to the sign-in without a session; raises BadRequest, ForeignForm."""
        form = parse_form(request)
        if self._browser.session_guard.secret(request) is None:
            return redirect(paths.SIGN_IN)
        self._browser.check_session_form(request, form, reload=paths.ACCOUNT)
        session = self._session.use(request)
        return redirect(paths.SIGN_IN) if session is None else AccountPost(session, form)


def done(what: str, *, cookies: tuple[str, ...] = ()) -> Response:
    """Return the redirect to the account page, which says what was done: a key of `account.DONE`."""
    return redirect(paths.with_query(paths.ACCOUNT, **{paths.DONE_FIELD: what}), cookies=cookies)
