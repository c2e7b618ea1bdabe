"""`POST /account/sessions`: end one session, or all of the user's but this browser's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.web.request import Request
from keyturn.web.responses import Response, redirect
from login import paths
from login.endpoints.account_post import AccountPosts, done
from login.pages.account import ALL_SESSIONS, SESSION_FIELD
from login.refusals import TooManyRequests
from login.session_end import Ended

if TYPE_CHECKING:
    from keyturn.domain.sessions.session import Session
    from keyturn.user_ports import SessionStore
    from login.browser import Browser
    from login.session_end import SessionEnd, SignOutEverywhere


class AccountSessions:
    """Ends sessions of the signed-in user."""

    methods = ("POST",)

    def __init__(
        self,
        posts: AccountPosts,
        browser: Browser,
        sessions: SessionStore,
        *,
        end: SessionEnd,
        everywhere: SignOutEverywhere,
    ) -> None:
        self._posts = posts
        self._browser = browser
        self._sessions = sessions
        self._end = end
        self._everywhere = everywhere

    def respond(self, request: Request) -> Response:
        """Return the redirect to the account page; a session that is gone already is no error."""
        post = self._posts.read(request)
        if isinstance(post, Response):
            return post
        asked = post.form.require(SESSION_FIELD)
        if asked == ALL_SESSIONS:
            return self._end_others(request, post.session)
        found = [each for each in self._sessions.list(post.session.subject) if each.session_id == asked]
        results = [self._end.end(each, reason="session_ended", actor=post.session.subject) for each in found]
        request.note(outcome="session_ended")
        if asked == post.session.session_id:
            return redirect(paths.SIGN_IN, cookies=(self._browser.session_cookie.clear(),))
        return done("session_here" if Ended.BROWSER_ONLY in results else "session")

    def _end_others(self, request: Request, session: Session) -> Response:
        """End all sessions; this browser gets a new one after a recent sign-in, and the sign-in page otherwise."""
        result = self._everywhere.end_others(session, device=self._browser.device_cookie.read(request))
        if result.retry_after > 0:
            raise TooManyRequests(result.retry_after)
        request.note(outcome="sessions_ended")
        if result.signed_in is None:
            return redirect(paths.SIGN_IN, cookies=(self._browser.session_cookie.clear(),))
        cookies = self._browser.signed_in_cookies(result.signed_in.session_cookie, result.signed_in.device_cookie)
        return done("sessions", cookies=cookies)
