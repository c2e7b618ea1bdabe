"""The end of sessions: revoke first, then delete, so that a crash between the two leaves nothing that still works."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from math import floor
from typing import TYPE_CHECKING

from login.session_start import Browser, SessionStart, SignedIn

if TYPE_CHECKING:
    from keyturn.domain.sessions.session import Session
    from keyturn.ports import Clock
    from keyturn.user_ports import AuthorityReader, KnownDevices, PasswordStore, SessionStore
    from login.user_revocations import UserRevocations

# Seconds. A sign-in this recent counts as one that was made for the action.
FRESH = 300


class Ended(enum.StrEnum):
    """How far an end reaches."""

    EVERYWHERE = "everywhere"  # the browser, and every token of its applications
    BROWSER_ONLY = "browser_only"  # the user's revocations of the day are spent: tokens live until they expire


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class EndedEverywhere:
    """This browser's new session, or None where it has to sign in too; where `retry_after` is not 0, nothing ended."""

    signed_in: SignedIn | None = None
    retry_after: int = 0


class SessionEnd:
    """Ends sessions; each call may be repeated."""

    def __init__(self, sessions: SessionStore, devices: KnownDevices, revocations: UserRevocations) -> None:
        self._sessions = sessions
        self._devices = devices
        self._revocations = revocations

    def end(self, session: Session, *, reason: str, actor: str) -> Ended:
        """Revoke the session's sid if it gave a code, then delete it; raises what the ports raise.

        Where the user's revocations of the day are spent the session ends all the same: nobody stays signed in at a
        shared computer. An operator (any `actor` but the user) has no limit.
        """
        reach = self._revoke(session, reason=reason, actor=actor) if session.gave_code else Ended.EVERYWHERE
        if self._sessions.delete(session):
            return reach
        # It gave its first code since it was read.
        return self.end(replace(session, gave_code=True), reason=reason, actor=actor)

    def end_all(self, subject: str, *, reason: str, actor: str, at_least: int = 0) -> int:
        """Sign the user out everywhere, and return how many sessions were deleted; raises what the ports raise.

        Writes a revocation cutoff for the subject, which also ends grants that outlive sessions, forgets the known
        browsers, then deletes the sessions. The cutoff is not before `at_least`, service time in whole seconds.
        """
        self._revocations.cut_off(subject, reason=reason, actor=actor, at_least=at_least)
        self._devices.forget(subject)
        ended = self._sessions.list(subject)
        for session in ended:
            # The cutoff has ended each of them; none needs a revocation of its sid.
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
        """Sign the user out everywhere, and in this browser in again if its sign-in is fresh.

        The new session's `auth_time` lies after the cutoff, so it needs a sign-in of the last FRESH seconds. Without
        one this browser has to sign in too. Raises what the ports raise; the call may be repeated.
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
        browser = Browser(device=device, label=session.device, continued=session)
        return EndedEverywhere(signed_in=self._start.start(authority, credential, browser))


def is_fresh_sign_in(session: Session, now: int) -> bool:
    """Return whether the user gave the password within the last FRESH seconds."""
    # Signing out everywhere gives a later auth_time without a password, and leaves this as it was.
    return now - session.created_at <= FRESH
