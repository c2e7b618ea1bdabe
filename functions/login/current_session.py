"""The session of a request: cookie → stored session → its end, its revocations, its user's status."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.domain.revocations.revocation import Target, TargetKind, ends_grant
from keyturn.domain.sessions.session import hash_cookie
from keyturn.web.request import Request

if TYPE_CHECKING:
    from keyturn.domain.sessions.session import Session
    from keyturn.ports import Clock, RevocationReader
    from keyturn.user_ports import AuthorityReader, SessionReader
    from login.browser import Browser


class CurrentSession:
    """Finds the live session of a browser."""

    def __init__(
        self,
        browser: Browser,
        sessions: SessionReader,
        authorities: AuthorityReader,
        revocations: RevocationReader,
        clock: Clock,
    ) -> None:
        self._browser = browser
        self._sessions = sessions
        self._authorities = authorities
        self._revocations = revocations
        self._clock = clock

    def find(self, request: Request) -> Session | None:
        """Return the session if it is live, not revoked, and its user is active; the log line names it."""
        session = self.stored(request)
        if session is None or session.is_over(int(self._clock.now().latest)) or not self._stands(session):
            return None
        request.note(sub=session.subject, sid=session.session_id)
        return session

    def stored(self, request: Request) -> Session | None:
        """Return the session of the cookie, live or not: what a crash left behind can still be deleted."""
        secret = self._browser.session_guard.secret(request)
        return None if secret is None else self._sessions.get(hash_cookie(secret))

    def use(self, request: Request) -> Session | None:
        """Return the session like `find`, and write the time of its use where that is due."""
        session = self.find(request)
        if session is None:
            return None
        now = int(self._clock.now().earliest)
        if session.is_due(now) and not self._sessions.touch(session, now=now, gave_code=False):
            return None
        return session

    def _stands(self, session: Session) -> bool:
        """Return whether the user is active and nothing has ended the session since the sign-in."""
        authority = self._authorities.get(session.subject)
        if authority is None or not authority.is_active:
            return False
        targets = (
            Target.of(TargetKind.SESSION, session.session_id),
            Target.of(TargetKind.SUBJECT, session.subject),
            Target.of(TargetKind.GLOBAL, "0"),
        )
        return not ends_grant(self._revocations.find(targets), session.auth_time)
