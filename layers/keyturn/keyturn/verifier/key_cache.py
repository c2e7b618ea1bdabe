"""The issuer's keys between requests, used only below the age of max-age and `stale_seconds` (invariant I8)."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, NamedTuple

from keyturn.domain.time.ages import age
from keyturn.verifier.errors import JwksUnavailable
from keyturn.verifier.issuer_documents import METADATA, DocumentFault
from keyturn.verifier.single_flight import SingleFlight

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from concurrent.futures import Future

    from keyturn.domain.time.ages import Instant
    from keyturn.verifier.issuer_documents import IssuerDocuments

    Waits = Generator[Future[None], None, "HeldKeys"]

_LOG = logging.getLogger("keyturn.verifier")
_KEYS = "keys"
# From this share of the max-age on keys are renewed early, which hides an outage of the other share.
_RENEWAL = 0.5


class KeyAges(NamedTuple):
    """The ages of keys in seconds: `most` bounds the max-age that the issuer states, and `cooldown` separates reads."""

    most: int
    stale: int
    cooldown: int


class HeldKeys(NamedTuple):
    """Documents, the instant before their request, and the seconds for which they are fresh."""

    documents: IssuerDocuments
    read_at: Instant
    max_age: int


class KeyCache:
    """The documents that `read` returned last; one thread reads, and requests wait only if no key may decide.

    Generators yield each future to wait for, so that threads and coroutines share one decision.
    """

    def __init__(
        self, issuer: str, read: Callable[[], IssuerDocuments], ages: KeyAges, now: Callable[[], Instant]
    ) -> None:
        self._issuer = issuer
        self._read = read
        self._ages = ages
        self._now = now
        self._flight: SingleFlight[None] = SingleFlight(1)
        self._held: HeldKeys | None = None
        self._too_old: HeldKeys | None = None
        self._tried_at: Instant | None = None
        self._tried_by: int | None = None
        self._problem: str | None = None  # of the last read, None after a good one
        self._overdue: Future[None] | None = None  # the read that a request gave up to wait for

    def fresh(self) -> HeldKeys | None:
        """Return the keys below their max-age, or None; starts a read early, for which nobody waits."""
        held = self._held
        if held is None or held is self._too_old:
            return None
        seconds = age(held.read_at, self._now())
        if seconds >= held.max_age:
            return None
        if seconds >= _RENEWAL * held.max_age:
            self._start_if_due()
        return held

    def current(self) -> Waits:
        """Return keys that may decide, where `fresh` has none; raises JwksUnavailable."""
        # After an error (RFC 5861 §4) the stale keys decide at once, and the next read runs beside them. A name server
        # that hangs is an error from the first request on that has waited for it.
        running = self._flight.running(_KEYS)
        has_failed = self._problem is not None or (running is not None and running is self._overdue)
        if has_failed and self._usable() is not None:
            self._start_if_due()
        else:
            yield from self._renewal()
        held = self._usable()
        if held is None:
            raise self._unavailable()
        return held

    def newer(self, than: HeldKeys) -> Waits:
        """Return keys for a kid that `than` lacks, after at most one read in a cooldown.

        Raises JwksUnavailable if the last read failed: the kid may be that of a new key.
        """
        if self._held is than:
            yield from self._renewal()
        held = self._usable()
        if held is None or self._problem is not None or self._flight.running(_KEYS):
            raise self._unavailable()
        return held

    def _renewal(self) -> Generator[Future[None], None, None]:
        """Wait for the running read, and for one more if that one began before the process was frozen."""
        before = self._held
        for _ in range(2):
            call = self._start_if_due()
            if call is None:
                return
            yield call
            if not call.done():
                self._overdue = call
                return
            if self._held is not before and self.fresh() is not None:
                return

    def _start_if_due(self) -> Future[None] | None:
        return self._flight.start(_KEYS, self._renew, is_due=self._is_due)

    def _is_due(self) -> bool:
        now, process = self._now(), os.getpid()
        # A fork copies the time of a read, and not the thread that reads.
        if process == self._tried_by and age(self._tried_at, now) < self._ages.cooldown:
            return False
        self._tried_at, self._tried_by = now, process
        return True

    def _renew(self) -> None:
        read_at = self._now()
        try:
            documents = self._read()
        except DocumentFault as fault:
            self._problem = str(fault)
            _LOG.warning("%s", self._unavailable())
            return
        most, least = self._ages.most, self._ages.cooldown
        stated = most if documents.max_age is None else documents.max_age
        self._held = HeldKeys(documents, read_at, min(max(stated, least), most))
        self._problem = None

    def _usable(self) -> HeldKeys | None:
        held = self._held
        if held is None or held is self._too_old:
            return None
        seconds = age(held.read_at, self._now())
        if seconds >= held.max_age + self._ages.stale:
            # For good: a wall clock that went back may pass the instant of the read again.
            self._too_old = held
            return None
        return held

    def _unavailable(self) -> JwksUnavailable:
        problem = self._problem or "no complete response came in time"
        return JwksUnavailable(
            f"the keys of {self._issuer} are not available, since {problem}",
            f"type `curl -i {self._issuer}{METADATA}` on this machine; the issuer is the stack's output IssuerUrl",
            self._ages.cooldown,
        )
