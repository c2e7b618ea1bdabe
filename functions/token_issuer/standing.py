"""What was revoked of a client, its user and their grant, and the present in which nothing of that is left to come."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from keyturn.domain.errors import StoreUnavailable
from keyturn.domain.revocation import Revocation, earliest_iat, ends_grant, grant_targets
from keyturn.domain.time.service_time import ServiceTime

if TYPE_CHECKING:
    from keyturn.ports import Clock, RevocationReader

# A cut lies at the late end of its writer's present, tokens at the early end of ours: some three seconds lie between.
# What is further ahead was written by a wrong clock.
_LONGEST_WAIT = 5.0
# The clock may know less after the wait than before it, and further cuts may have come meanwhile.
_READS = 3


class Standing(NamedTuple):
    """The revocations that were found, and the present before they were read: a cut stored later lies after it."""

    since: ServiceTime
    found: tuple[Revocation, ...]


class Standings:
    """Asks once for all that can end a grant, or hits what is issued of it (P10)."""

    def __init__(self, revocations: RevocationReader, clock: Clock) -> None:
        """Take the ports."""
        self._revocations = revocations
        self._clock = clock

    def read(
        self,
        *,
        subject: str,
        client_id: str,
        grant_id: str | None = None,
        session_id: str | None = None,
        granted_at: int | None = None,
    ) -> Standing:
        """Return what stands, in a present that lies after every cut, or where the grant is over.

        `granted_at`, service time in seconds, is what a cut is compared with, where there is a grant or a login. After
        a cut of the moment this waits for up to a few seconds: what counted from a time to come would be missed by the
        next cut (R49). Raises StoreUnavailable for a cut further ahead, and what the ports raise.
        """
        targets = grant_targets(subject=subject, client_id=client_id, grant_id=grant_id, session_id=session_id)
        for _ in range(_READS):
            standing = Standing(self._clock.now(), self._revocations.find(targets))
            ahead = earliest_iat(standing.found) - standing.since.earliest
            if ahead <= 0 or ends_grant(standing.found, granted_at):
                return standing
            if ahead > _LONGEST_WAIT:
                break
            self._clock.pause(ahead)
        raise StoreUnavailable(f"a revocation cuts at {earliest_iat(standing.found) - 1}, which lies in the future")
