"""Reads the revocations of a client, user, grant and session, and an issue time later than all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.domain.revocations.revocation import ends_grant, grant_targets
from keyturn.issue_time import IssueTimes, RevocationCheck

if TYPE_CHECKING:
    from keyturn.ports import Clock, RevocationReader


class RevocationChecks:
    """Reads in one call every revocation that can end a grant or apply to its tokens."""

    def __init__(self, revocations: RevocationReader, clock: Clock) -> None:
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
        """Return the revocations, and a present that is later than each of their cutoffs, unless the grant has ended.

        Cutoffs are compared with `granted_at`, the service time of the grant or login in seconds. After a recent cutoff
        the read waits for some seconds: the next cutoff would miss a token with a future iat. Raises StoreUnavailable
        for a cutoff further ahead, and the errors of the ports.
        """
        targets = grant_targets(subject=subject, client_id=client_id, grant_id=grant_id, session_id=session_id)
        return self._times.read(targets, is_over=lambda found: ends_grant(found, granted_at))
