"""The change of a password by its user: a fresh sign-in and the current password (login.md, Changes)."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from math import floor
from typing import TYPE_CHECKING

from login.session_end import is_fresh_sign_in
from login.session_start import SessionStart, SignedIn, SignInBrowser

if TYPE_CHECKING:
    from keyturn.domain.credentials.password import PasswordCredential
    from keyturn.domain.credentials.password_policy import Weakness
    from keyturn.domain.sessions.session import Session
    from keyturn.ports import Clock
    from keyturn.user_ports import AuthorityReader, PasswordStore, UserReader
    from login.password_hash import PasswordHash
    from login.password_replacement import PasswordReplacement
    from login.password_rules import PasswordRules
    from login.throttle import Throttle


class ChangeRefusal(enum.StrEnum):
    """The reason that a page may give."""

    STALE = "stale"  # the sign-in is older than five minutes: sign in again first
    WRONG = "wrong"  # the current password is wrong, or the user may not sign in
    WEAK = "weak"  # the new password breaks a rule: `weakness` says which
    THROTTLED = "throttled"  # too many attempts: `retry_after` says for how long
    CHANGED = "changed"  # user or password changed meanwhile; every session of the user has ended
    SAVED = "saved"  # the new password holds, but user or password changed before the new session: sign in


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PasswordChange:
    """One posted form; `session` is the browser's live session, `device` the value of its device cookie."""

    session: Session
    current: str
    new: str
    device: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRefused:
    """No new session. Only SAVED changed the password; only THROTTLED has a `retry_after`, in seconds."""

    reason: ChangeRefusal
    weakness: Weakness | None = None
    retry_after: int = 0


class ChangePassword:
    """Changes passwords; every session of the user ends, and the browser gets a new one."""

    def __init__(
        self,
        *,
        users: UserReader,
        authorities: AuthorityReader,
        passwords: PasswordStore,
        hashes: PasswordHash,
        rules: PasswordRules,
        throttle: Throttle,
        replacement: PasswordReplacement,
        sessions: SessionStart,
        clock: Clock,
    ) -> None:
        self._users = users
        self._authorities = authorities
        self._passwords = passwords
        self._hashes = hashes
        self._rules = rules
        self._throttle = throttle
        self._replacement = replacement
        self._sessions = sessions
        self._clock = clock

    def change(self, change: PasswordChange) -> SignedIn | ChangeRefused:
        """Return the new session and its cookies, or why the password stays; raises the errors of the ports.

        The old session is over after CHANGED and SAVED. It may be over where this raised, and the password changed.
        """
        subject = change.session.subject
        now = floor(self._clock.now().latest)
        if not is_fresh_sign_in(change.session, now):
            return ChangeRefused(reason=ChangeRefusal.STALE)
        user, authority = self._users.get(subject), self._authorities.get(subject)
        credential = self._passwords.get(subject)
        if user is None or authority is None or not authority.is_active or credential is None:
            return ChangeRefused(reason=ChangeRefusal.WRONG)
        weakness = self._rules.weakness(user, change.new)
        if weakness is not None:
            return ChangeRefused(reason=ChangeRefusal.WEAK, weakness=weakness)
        refused = self._compare(credential, change.current, now=now)
        if refused is not None:
            return refused
        changed = self._replacement.replace(user, authority, credential, change.new)
        if changed is None:
            return ChangeRefused(reason=ChangeRefusal.CHANGED)
        browser = SignInBrowser(device=change.device, label=change.session.device)
        return self._sessions.start(authority, changed, browser) or ChangeRefused(reason=ChangeRefusal.SAVED)

    def _compare(self, credential: PasswordCredential, current: str, *, now: int) -> ChangeRefused | None:
        wait = self._throttle.admit_change(credential.subject, now=now)
        if wait == 0 and not self._hashes.verify(credential, current):
            return ChangeRefused(reason=ChangeRefusal.WRONG)
        return ChangeRefused(reason=ChangeRefusal.THROTTLED, retry_after=wait) if wait > 0 else None
