"""`/account/password`: the change of a password by its user (NIST SP 800-63B-4 §4.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.web.request import Request
from keyturn.web.responses import Response, page, redirect
from login import paths
from login.endpoints.account_post import AccountPost, AccountPosts, done
from login.endpoints.login_page import PASSWORD_NOT_SAVED, PASSWORD_SAVED
from login.endpoints.new_password import read_new_password
from login.endpoints.sign_in_page import CHANGE_PASSWORD
from login.pages.passwords import (
    CURRENT_PASSWORD_FIELD,
    NEW_PASSWORD_FIELD,
    change_password,
    describe_weakness,
)
from login.pages.texts import Text, say
from login.password_change import ChangeRefusal, ChangeRefused, PasswordChange

if TYPE_CHECKING:
    from collections.abc import Mapping

    from markupsafe import Markup

    from keyturn.domain.sessions.session import Session
    from keyturn.user_ports import UserReader
    from login.browser import Browser
    from login.current_session import CurrentSession
    from login.password_change import ChangePassword

# The sessions have ended: the sign-in page says whether the new password holds.
_SIGNED_OUT = {ChangeRefusal.CHANGED: PASSWORD_NOT_SAVED, ChangeRefusal.SAVED: PASSWORD_SAVED}


class AccountPassword:
    """Shows the form of a change, and takes it."""

    methods = ("GET", "POST")

    def __init__(
        self,
        posts: AccountPosts,
        browser: Browser,
        session: CurrentSession,
        *,
        change: ChangePassword,
        users: UserReader,
    ) -> None:
        self._posts = posts
        self._browser = browser
        self._session = session
        self._change = change
        self._users = users

    def respond(self, request: Request) -> Response:
        """Return the form, or after a change the account page with the cookies of the new session."""
        if request.method == "GET":
            session = self._session.find(request)
            return redirect(paths.SIGN_IN) if session is None else self._show(request, session)
        post = self._posts.read(request)
        return post if isinstance(post, Response) else self._answer(request, post)

    def _answer(self, request: Request, post: AccountPost) -> Response:
        current = post.form.get(CURRENT_PASSWORD_FIELD)
        new, errors = read_new_password(post.form)
        if current is None:
            errors = {CURRENT_PASSWORD_FIELD: say(Text.PASSWORD_MISSING), **errors}
        if current is None or errors:
            return self._show(request, post.session, status=400, errors=errors)
        device = self._browser.device_cookie.read(request)
        result = self._change.change(PasswordChange(session=post.session, current=current, new=new, device=device))
        if isinstance(result, ChangeRefused):
            request.note(outcome=str(result.reason))
            return self._refuse(request, post.session, result)
        request.note(outcome="password_changed", sid=result.session.session_id)
        cookies = self._browser.signed_in_cookies(result.session_cookie, result.device_cookie)
        return done("password", cookies=cookies)

    def _refuse(self, request: Request, session: Session, result: ChangeRefused) -> Response:
        if result.reason is ChangeRefusal.STALE:
            query = {paths.AGAIN_FIELD: "1", paths.THEN_FIELD: CHANGE_PASSWORD}
            return redirect(paths.with_query(paths.SIGN_IN, **query))
        if result.weakness is not None:
            errors = {NEW_PASSWORD_FIELD: describe_weakness(result.weakness)}
            return self._show(request, session, status=400, errors=errors)
        if result.reason is ChangeRefusal.THROTTLED:
            failure = say(Text.SIGN_IN_THROTTLED, minutes=str(-(-result.retry_after // 60)))
            answer = self._show(request, session, status=429, failure=failure)
            return answer.with_headers({"retry-after": str(result.retry_after)})
        if result.reason in _SIGNED_OUT:
            query = {paths.DONE_FIELD: _SIGNED_OUT[result.reason]}
            return redirect(paths.with_query(paths.SIGN_IN, **query), cookies=(self._browser.session_cookie.clear(),))
        errors = {CURRENT_PASSWORD_FIELD: say(Text.CURRENT_PASSWORD_WRONG)}
        return self._show(request, session, status=401, errors=errors)

    def _show(
        self,
        request: Request,
        session: Session,
        *,
        status: int = 200,
        failure: Markup | None = None,
        errors: Mapping[str, Markup] | None = None,
    ) -> Response:
        user = self._users.get(session.subject)
        html = change_password(
            self._browser.session_form(request, paths.ACCOUNT_PASSWORD),
            email="" if user is None else user.email,
            back=paths.ACCOUNT,
            failure=failure,
            errors=errors,
        )
        return page(html, status=status)
