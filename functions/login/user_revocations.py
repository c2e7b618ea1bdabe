"""Revocations that the login writes: for one session, for a user at one client, and for a user."""

from __future__ import annotations

from math import floor
from typing import TYPE_CHECKING

from keyturn.domain.revocations.revocation import Revocation, Target, TargetKind, pair_target
from keyturn.domain.revocations.revocation_expiry import revocation_expiry
from keyturn.domain.sessions.revocation_limit import (
    USER_REVOCATIONS,
    USER_REVOCATIONS_WINDOW,
    user_revocations_bucket,
)

if TYPE_CHECKING:
    from keyturn.domain.credentials.password import PasswordCredential
    from keyturn.domain.sessions.session import Session
    from keyturn.ports import Clock, RevocationWriter
    from keyturn.user_ports import Attempts


class UserRevocations:
    """Writes revocations; `longest_token` is the longest token lifetime in seconds."""

    def __init__(self, writer: RevocationWriter, attempts: Attempts, clock: Clock, *, longest_token: int) -> None:
        self._writer = writer
        self._attempts = attempts
        self._clock = clock
        self._longest_token = longest_token

    def take(self, subject: str) -> int:
        """Count one revocation that the user causes; return 0, or the seconds until the next is allowed."""
        return self._attempts.take(
            user_revocations_bucket(subject),
            limit=USER_REVOCATIONS,
            window=USER_REVOCATIONS_WINDOW,
            now=self._present(),
        )

    def cut_off(self, subject: str, *, reason: str, actor: str, at_least: int = 0) -> int:
        """End every session, grant and token of the user that exists now, and return the cutoff; may be repeated.

        The cutoff is the present, or `at_least` if that is later: service time in whole seconds.
        """
        present = self._present()
        cutoff = max(present, at_least)
        self._revoke(Target.of(TargetKind.SUBJECT, subject), present, not_before=cutoff, reason=reason, actor=actor)
        return cutoff

    def cut_off_client(self, subject: str, client_id: str, *, reason: str) -> int:
        """End every grant and token of the user at one client that exists now, and return the cutoff.

        The call may be repeated.
        """
        present, target = self._present(), pair_target(subject, client_id)
        self._revoke(target, present, not_before=present, reason=reason, actor=subject)
        return present

    def revoke_session(self, session: Session, *, reason: str, actor: str) -> None:
        """End every grant and token of the session."""
        target = Target.of(TargetKind.SESSION, session.session_id)
        self._revoke(target, self._present(), not_before=None, reason=reason, actor=actor)

    def lacks_cutoff(self, credential: PasswordCredential, found: tuple[Revocation, ...], *, now: int) -> bool:
        """Return whether the cutoff after a change of password is missing: a crash may have prevented it.

        A first password needs no cutoff. A change that is older than every refresh token needs none either.
        """
        if credential.revision == 0 or now >= self._expiry(TargetKind.SUBJECT, credential.changed_at):
            return False
        cutoffs = (each.not_before for each in found if each.target.kind is TargetKind.SUBJECT)
        return not any(cutoff is not None and cutoff >= credential.changed_at for cutoff in cutoffs)

    def _present(self) -> int:
        # The latest possible present: no issued token has a later iat.
        return floor(self._clock.now().latest)

    def _expiry(self, kind: TargetKind, now: int) -> int:
        return revocation_expiry(kind, now=now, token_lifetime=self._longest_token)

    def _revoke(self, target: Target, present: int, *, not_before: int | None, reason: str, actor: str) -> None:
        revocation = Revocation(target, not_before=not_before, expires_at=self._expiry(target.kind, present))
        self._writer.revoke(revocation, reason=reason, actor=actor)
