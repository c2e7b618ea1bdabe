"""The end of sessions: revoke first, then delete, so that a crash between the two leaves nothing that still works."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keyturn.domain.sessions.session import Session
    from login.sign_in import SignedIn


class Ended(enum.StrEnum):
    """How far an end reaches."""

    EVERYWHERE = "everywhere"  # the browser, and every token of its applications
    BROWSER_ONLY = "browser_only"  # the user's revocations of the day are spent: tokens live until they expire


class SessionEnd:
    """Ends sessions; each call may be repeated."""

    def end(self, session: Session, *, reason: str, actor: str) -> Ended:
        """Revoke the session's sid if it gave a code, then delete it; raises what the ports raise."""
        raise NotImplementedError

    def end_others(self, session: Session, *, device: str | None) -> SignedIn | int:
        """Sign the user out everywhere and return this browser's new session, or the seconds to wait.

        Writes a revocation cutoff for the subject, forgets known devices, deletes all sessions. An int is the time
        until the user's revocations of the day begin anew; nothing changed then.
        """
        raise NotImplementedError
