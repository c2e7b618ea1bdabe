"""The one cache of values read from a store: a value at the age of its bound is renewed or refused (invariant I10)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Generic, TypeVar

from keyturn.domain.errors import KeyturnError, StoreUnavailable
from keyturn.domain.time.ages import PreparedInstant, age

if TYPE_CHECKING:
    from collections.abc import Callable

    from keyturn.domain.time.ages import Instant

Value = TypeVar("Value")

NONE_USED = -1.0


class AgePolicy:
    """The ages at which the caches of one store renew a value and refuse it, in seconds.

    A value is used at an age below `bound`, and renewed from `renew_from` on. `now` returns the present instant.
    If a renewal fails with a fault of type `tolerated`, a value below the bound stays in use. The caches of this policy
    then try no early renewal for `pause` seconds: each request would wait for the same store. `oldest` is the largest
    age of a value that they returned: a report resets it to `NONE_USED`.
    """

    __slots__ = ("_failed_at", "bound", "now", "oldest", "pause", "renew_from", "tolerated")

    def __init__(
        self,
        now: Callable[[], Instant],
        *,
        bound: float,
        renew_from: float,
        pause: float = 0.0,
        tolerated: type[KeyturnError] = KeyturnError,
    ) -> None:
        self.now = now
        self.bound = bound
        self.renew_from = renew_from
        self.pause = pause
        self.tolerated = tolerated
        self.oldest = NONE_USED
        self._failed_at: Instant | None = None

    def start_pause(self) -> None:
        """Record that a renewal has just failed."""
        self._failed_at = self.now()

    def is_paused(self, now: Instant) -> bool:
        """Return whether a renewal failed so recently that the next one would most likely fail too."""
        return age(self._failed_at, now) < self.pause


class BoundedCache(Generic[Value]):
    """The value that `read` returned last, which `get` never returns at an age of the bound or more.

    `read` takes the instant before the read, and returns a value with that instant and the response's Date: a response
    is as old as its request. `name` names the value in messages. `on_failure` takes the name, a tolerated fault, and
    whether the old value is still used.

    Value and instant are one tuple, which one assignment replaces: no thread sees a value with the age of another.

    Two uses need a value beyond its bound, and call `last_read` for it: the JWKS and the registrations of resource
    servers. Access rules are renewed in another way: a failed read there counts as a read (see AccessRulesCache).
    """

    __slots__ = ("_held", "_name", "_on_failure", "_policy", "_read")

    def __init__(
        self,
        name: str,
        read: Callable[[Instant], tuple[Value, Instant]],
        policy: AgePolicy,
        *,
        on_failure: Callable[[str, KeyturnError, bool], None] | None = None,
    ) -> None:
        self._name = name
        self._read = read
        self._policy = policy
        self._on_failure = on_failure
        self._held: tuple[Value, Instant | None] | None = None

    def get(self, now: Instant) -> Value:
        """Return a value younger than the bound, reading it if it is due; raises KeyturnError without such a value."""
        held = self._held
        seconds = math.inf if held is None else age(held[1], now)
        if held is None or (seconds >= self._policy.renew_from and self._is_due(held[1], seconds, now)):
            held, seconds = self._renew_below_bound(seconds)
        if seconds > self._policy.oldest:
            self._policy.oldest = seconds
        return held[0]

    def renew(self) -> Value:
        """Read the value whatever its age, and return it; raises what `read` raises."""
        self._held = self._read(self._policy.now())
        return self._held[0]

    def last_read(self, *, otherwise: KeyturnError) -> Value:
        """Return the value read last, however old; raises `otherwise` if none was ever read."""
        if self._held is None:
            raise otherwise
        return self._held[0]

    def _is_due(self, read_at: Instant | None, seconds: float, now: Instant) -> bool:
        """Return whether to renew a value from `renew_from` on.

        Below the bound, the times of requests do not count. A request that waited before its invocation makes a value
        look older: it costs no read. A read before the first request is dated by an estimate, which counts from the
        beginning: the value is renewed long before the estimate reaches the bound.
        """
        if seconds >= self._policy.bound:
            return True
        prepared = isinstance(read_at, PreparedInstant)
        counted = now if prepared else now.without_request()
        return age(read_at, counted) >= self._policy.renew_from and not self._policy.is_paused(now)

    def _renew_below_bound(self, seconds: float) -> tuple[tuple[Value, Instant | None], float]:
        policy = self._policy
        fault: KeyturnError | None = None
        if seconds >= policy.bound:
            self._expire()
        try:
            self.renew()
        except policy.tolerated as error:
            fault = error
            policy.start_pause()
        held = self._held
        # The age is taken again: a slow read, or a sandbox frozen during it, has cost time.
        seconds = math.inf if held is None else age(held[1], policy.now())
        if fault is not None and self._on_failure is not None:
            self._on_failure(self._name, fault, seconds < policy.bound)
        if held is None or seconds >= policy.bound:
            self._expire()
            raise fault or StoreUnavailable(
                f"reading the {self._name} took {policy.bound:g} s or longer, or the clock was set back meanwhile"
            )
        return held, seconds

    def _expire(self) -> None:
        """Refuse the value from now on: a wall clock that went back may pass the instant of its read again."""
        if self._held is not None:
            self._held = self._held[0], None
