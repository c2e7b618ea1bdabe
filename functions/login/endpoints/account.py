"""`GET /account`: the profile, the sessions and the applications of the signed-in user."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.web.form import read_query
from keyturn.web.request import Request
from keyturn.web.responses import Response, page, redirect
from login import paths
from login.pages.account import AccountForms, ApplicationRow, SessionRow, account
from login.pages.texts import Text, say

if TYPE_CHECKING:
    from keyturn.domain.sessions.session import Session
    from keyturn.ports import ClientReader, Clock
    from keyturn.user_ports import ConsentStore, SessionStore, UserReader
    from login.browser import Browser
    from login.current_session import CurrentSession

# The query after a post names its result by a known word.
DONE = {
    "password": Text.PASSWORD_CHANGED,
    "session": Text.SESSION_WAS_ENDED,
    "session_here": Text.SESSION_WAS_ENDED_HERE,
    "sessions": Text.SESSIONS_WERE_ENDED,
    "access": Text.ACCESS_WAS_WITHDRAWN,
}


class AccountPage:
    """Shows the account; changes nothing."""

    methods = ("GET",)

    def __init__(self, browser: Browser, session: CurrentSession, *, rows: AccountRows, users: UserReader) -> None:
        self._browser = browser
        self._session = session
        self._rows = rows
        self._users = users

    def respond(self, request: Request) -> Response:
        """Return the page, or the redirect to the sign-in."""
        done = DONE.get(read_query(request).get(paths.DONE_FIELD) or "")
        session = self._session.find(request)
        if session is None:
            return redirect(paths.SIGN_IN)
        user = self._users.get(session.subject)
        forms = AccountForms(
            password=self._browser.session_form(request, paths.ACCOUNT_PASSWORD),
            sessions=self._browser.session_form(request, paths.ACCOUNT_SESSIONS),
            applications=self._browser.session_form(request, paths.ACCOUNT_APPLICATIONS),
            logout=self._browser.session_form(request, paths.LOGOUT),
        )
        html = account(
            forms,
            name=None if user is None else user.name,
            email="" if user is None else user.email,
            sessions=self._rows.sessions(session),
            applications=self._rows.applications(session.subject),
            done=None if done is None else say(done),
        )
        return page(html)


class AccountRows:
    """Reads the two lists of the page."""

    def __init__(self, sessions: SessionStore, consents: ConsentStore, clients: ClientReader, clock: Clock) -> None:
        self._sessions = sessions
        self._consents = consents
        self._clients = clients
        self._clock = clock

    def sessions(self, current: Session) -> list[SessionRow]:
        """Return the user's live sessions, newest first."""
        stored = self._sessions.list(current.subject)
        now = int(self._clock.now().latest)
        return [
            SessionRow(
                id=each.session_id,
                device=each.device,
                signed_in_at=each.auth_time,
                last_used_at=each.last_used_at,
                current=each.session_id == current.session_id,
            )
            for each in stored
            if not each.is_over(now)
        ]

    def applications(self, subject: str) -> list[ApplicationRow]:
        """Return the user's consents, each with the client's registered name, or its id where that is gone."""
        return [
            ApplicationRow(
                client_id=each.client_id,
                name=each.client_id if client is None else client.name,
                scopes=each.scope,
                allowed_at=each.at,
            )
            for each in self._consents.list(subject)
            for client in (self._clients.get(each.client_id),)
        ]
