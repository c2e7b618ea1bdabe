"""What was revoked of a client, its user and their grant, and since when that is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from keyturn.domain.revocation import Revocation, grant_targets
from keyturn.domain.service_time import ServiceTime

if TYPE_CHECKING:
    from keyturn.ports import Clock, RevocationReader


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
        self, *, subject: str, client_id: str, grant_id: str | None = None, session_id: str | None = None
    ) -> Standing:
        """Return what stands; raises what the ports raise."""
        since = self._clock.now()
        targets = grant_targets(subject=subject, client_id=client_id, grant_id=grant_id, session_id=session_id)
        return Standing(since, self._revocations.find(targets))
