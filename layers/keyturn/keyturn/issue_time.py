"""Issue times: service time that lies after every revocation cutoff that was found (ADR 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from keyturn.domain.errors import StoreUnavailable
from keyturn.domain.revocations.revocation import Revocation, Target, earliest_iat
from keyturn.domain.time.service_time import ServiceTime

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from keyturn.ports import Clock, RevocationReader

# Seconds. A cutoff is the late end of its writer's present, a token's iat the early end of the issuer's: they differ by
# about three seconds. A cutoff further ahead was written by a wrong clock.
_LONGEST_WAIT = 5.0
# The clock's interval may be wider after the wait, and further cutoffs may have been written since the read.
_READS = 3


class RevocationCheck(NamedTuple):
    """The revocations that were found, and the present before the read: a cutoff stored later lies after `since`."""

    since: ServiceTime
    found: tuple[Revocation, ...]


class IssueTimes:
    """Reads revocations and the time at which something may be issued after them."""

    def __init__(self, revocations: RevocationReader, clock: Clock) -> None:
        self._revocations = revocations
        self._clock = clock

    def read(
        self, targets: Iterable[Target], *, is_over: Callable[[tuple[Revocation, ...]], bool] = lambda _: False
    ) -> RevocationCheck:
        """Return the revocations of the targets, and a present that is later than each of their cutoffs.

        A recent cutoff may be ahead of the present. The method then waits for some seconds, since the next cutoff would
        miss a token with a future iat. `is_over` ends the wait where every token is refused anyway. Raises
        StoreUnavailable for a cutoff further ahead, and the errors of the ports.
        """
        wanted = tuple(targets)
        for _ in range(_READS):
            check = RevocationCheck(self._clock.now(), self._revocations.find(wanted))
            ahead = earliest_iat(check.found) - check.since.earliest
            if ahead <= 0 or is_over(check.found):
                return check
            if ahead > _LONGEST_WAIT:
                break
            self._clock.pause(ahead)
        raise StoreUnavailable(f"the revocation cutoff {earliest_iat(check.found) - 1} lies in the future")
