"""The end of sessions: revoke first, then delete, so that a crash between the two leaves nothing that still works."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from math import floor
from typing import TYPE_CHECKING

from login.session_start import SessionStart, SignedIn, SignInBrowser

if TYPE_CHECKING:
    from keyturn.domain.sessions.session import Session
    from keyturn.ports import Clock
    from keyturn.user_ports import AuthorityReader, KnownBrowsers, PasswordStore, SessionStore
    from login.user_revocations import UserRevocations

# Seconds after a sign-in during which an action needs no new one.
FRESH = 300


class Ended(enum.StrEnum):
    """The reach of an end."""

    EVERYWHERE = "everywhere"  # the browser, and every token of its applications
    BROWSER_ONLY = "browser_only"  # the user's revocations of the day are spent: tokens live until they expire


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class EndedEverywhere:
    """This browser's new session, or None if it has to sign in too; `retry_after` above 0 means that nothing ended."""

    signed_in: SignedIn | None = None
    retry_after: int = 0


class SessionEnd:
    """Ends sessions; each call may be repeated."""

    def __init__(self, sessions: SessionStore, known_browsers: KnownBrowsers, revocations: UserRevocations) -> None:
        self._sessions = sessions
        self._known_browsers = known_browsers
        self._revocations = revocations

    def end(self, session: Session, *, reason: str, actor: str) -> Ended:
        """Revoke the session's sid if it gave a code, then delete it; raises the errors of the ports.

        The session also ends after the user's last revocation of the day: nobody stays signed in at a shared computer.
        An operator (any `actor` but the user) has no limit.
        """
        reach = self._revoke(session, reason=reason, actor=actor) if session.gave_code else Ended.EVERYWHERE
        if self._sessions.delete(session):
            return reach
        # The session gave its first code after it was read.
        return self.end(replace(session, gave_code=True), reason=reason, actor=actor)

    def end_all(self, subject: str, *, reason: str, actor: str, at_least: int = 0) -> int:
        """Sign the user out everywhere, and return how many sessions were deleted; raises the errors of the ports.

        A revocation cutoff for the subject also ends grants that outlive sessions. The known browsers and the sessions
        are deleted after it. The cutoff is not before `at_least`, service time in whole seconds.
        """
        self._revocations.cut_off(subject, reason=reason, actor=actor, at_least=at_least)
        self._known_browsers.forget(subject)
        ended = self._sessions.list(subject)
        for session in ended:
            # The cutoff has ended each of them, so that a revocation of the sid is needless.
            self._sessions.delete(replace(session, gave_code=True))
        return len(ended)

    def _revoke(self, session: Session, *, reason: str, actor: str) -> Ended:
        if actor == session.subject and self._revocations.take(session.subject) > 0:
            return Ended.BROWSER_ONLY
        self._revocations.revoke_session(session, reason=reason, actor=actor)
        return Ended.EVERYWHERE


class SignOutEverywhere:
    """Ends everything that a user's past sign-ins gave, at the user's own request."""

    def __init__(
        self,
        *,
        end: SessionEnd,
        start: SessionStart,
        authorities: AuthorityReader,
        passwords: PasswordStore,
        revocations: UserRevocations,
        clock: Clock,
    ) -> None:
        self._end = end
        self._start = start
        self._authorities = authorities
        self._passwords = passwords
        self._revocations = revocations
        self._clock = clock

    def end_others(self, session: Session, *, device: str | None) -> EndedEverywhere:
        """Sign the user out everywhere, and start a new session in this browser after a fresh sign-in.

        The new session's `auth_time` lies after the cutoff, so it needs a sign-in of the last FRESH seconds. Otherwise
        this browser has to sign in too. Raises the errors of the ports; the call may be repeated.
        """
        wait = self._revocations.take(session.subject)
        if wait > 0:
            return EndedEverywhere(retry_after=wait)
        is_fresh = is_fresh_sign_in(session, floor(self._clock.now().latest))
        self._end.end_all(session.subject, reason="signed_out_everywhere", actor=session.subject)
        authority = self._authorities.get(session.subject)
        credential = self._passwords.get(session.subject)
        if not is_fresh or authority is None or credential is None:
            return EndedEverywhere()
        browser = SignInBrowser(device=device, label=session.device, continued=session)
        return EndedEverywhere(signed_in=self._start.start(authority, credential, browser))


def is_fresh_sign_in(session: Session, now: int) -> bool:
    """Return whether the user gave the password within the last FRESH seconds."""
    # A sign-out everywhere gives a later auth_time without a password, but keeps created_at.
    return now - session.created_at <= FRESH
