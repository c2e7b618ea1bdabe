"""The change of a password by its user (NIST SP 800-63B-4 §4.6): a fresh sign-in and the current password."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keyturn.domain.credentials.password_policy import Weakness
    from keyturn.domain.sessions.session import Session
    from login.sign_in import SignedIn


class ChangeRefusal(enum.StrEnum):
    """The reason that a page may give."""

    STALE = "stale"  # the sign-in is older than five minutes: sign in again first
    WRONG = "wrong"  # the current password is wrong, or the user may not sign in
    WEAK = "weak"  # the new password breaks a rule: `weakness` says which
    THROTTLED = "throttled"  # too many attempts: `retry_after` says for how long
    CHANGED = "changed"  # user or password changed meanwhile


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PasswordChange:
    """One posted form; `session` is the browser's live session, `device` the value of its device cookie."""

    session: Session
    current: str
    new: str
    device: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRefused:
    """The password stays; `retry_after` in seconds, for THROTTLED alone."""

    reason: ChangeRefusal
    weakness: Weakness | None = None
    retry_after: int = 0


class ChangePassword:
    """Changes passwords; every other session of the user ends, and the browser gets a new one."""

    def change(self, change: PasswordChange) -> SignedIn | ChangeRefused:
        """Return the new session and its cookies, or why the password stays; raises what the ports raise.

        The old session cookie is worth nothing after a change, also where this raised.
        """
        raise NotImplementedError
