"""What was revoked of a client, its user and their grant, and the present in which nothing of that is left to come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.domain.revocations.revocation import ends_grant, grant_targets
from keyturn.issue_time import IssueTimes, RevocationCheck

if TYPE_CHECKING:
    from keyturn.ports import Clock, RevocationReader


class RevocationChecks:
    """Asks once for all that can end a grant, or hits what is issued of it (P10)."""

    def __init__(self, revocations: RevocationReader, clock: Clock) -> None:
        """Take the ports."""
        self._times = IssueTimes(revocations, clock)

    def read(
        self,
        *,
        subject: str,
        client_id: str,
        grant_id: str | None = None,
        session_id: str | None = None,
        granted_at: int | None = None,
    ) -> RevocationCheck:
        """Return what stands, in a present that lies after every cut, or where the grant is over.

        `granted_at`, service time in seconds, is what a cut is compared with, where there is a grant or a login. After
        a cut of the moment this waits for up to a few seconds: what counted from a time to come would be missed by the
        next cut (R49). Raises StoreUnavailable for a cut further ahead, and what the ports raise.
        """
        targets = grant_targets(subject=subject, client_id=client_id, grant_id=grant_id, session_id=session_id)
        return self._times.read(targets, is_over=lambda found: ends_grant(found, granted_at))
