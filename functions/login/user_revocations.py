"""Revocations that the login writes: for one session, and for a user's whole past."""

from __future__ import annotations

from math import floor
from typing import TYPE_CHECKING

from keyturn.domain.client import MAX_REFRESH_LIFETIME
from keyturn.domain.revocation import EXPIRY_MARGIN, Revocation, Target, TargetKind

if TYPE_CHECKING:
    from keyturn.domain.credentials.password import PasswordCredential
    from keyturn.domain.sessions.session import Session
    from keyturn.ports import Attempts, Clock, RevocationWriter

_LIMIT = 20
_WINDOW = 86_400


class UserRevocations:
    """Writes revocations; `longest_token` is how long any access token is accepted, in seconds."""

    def __init__(self, writer: RevocationWriter, attempts: Attempts, clock: Clock, *, longest_token: int) -> None:
        self._writer = writer
        self._attempts = attempts
        self._clock = clock
        self._kept = MAX_REFRESH_LIFETIME + longest_token + EXPIRY_MARGIN

    def take(self, subject: str) -> int:
        """Count one revocation that the user causes; return 0, or the seconds until the next is allowed."""
        now = floor(self._clock.now().latest)
        return self._attempts.take(f"revocations#{subject}", limit=_LIMIT, window=_WINDOW, now=now)

    def cut_off(self, subject: str, *, reason: str, actor: str) -> None:
        """End every session, grant and token of the user that exists now; may be repeated."""
        present = floor(self._clock.now().latest)
        target = Target(TargetKind.SUBJECT, subject)
        revocation = Revocation(target, not_before=present, expires_at=present + self._kept)
        self._writer.revoke(revocation, reason=reason, actor=actor)

    def revoke_session(self, session: Session, *, reason: str, actor: str) -> None:
        """End every grant and token of the session; kept as long as any refresh token can live."""
        present = floor(self._clock.now().latest)
        revocation = Revocation(Target(TargetKind.SESSION, session.session_id), expires_at=present + self._kept)
        self._writer.revoke(revocation, reason=reason, actor=actor)

    def lacks_cutoff(self, credential: PasswordCredential, found: tuple[Revocation, ...], *, now: int) -> bool:
        """Return whether the cutoff after a change of password is missing: its writer may have died before it.

        A first password ends nothing. A change that is older than every refresh token needs no cutoff any more.
        """
        if credential.revision == 0 or now >= credential.changed_at + self._kept:
            return False
        cutoffs = (each.not_before for each in found if each.target.kind is TargetKind.SUBJECT)
        return not any(cutoff is not None and cutoff >= credential.changed_at for cutoff in cutoffs)
