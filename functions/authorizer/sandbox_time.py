"""The clocks of a sandbox: its own two, the times of the present request, and the Date of each read (ADR 23)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.domain.time.ages import Instant, before_requests, present_seconds

if TYPE_CHECKING:
    from collections.abc import Callable

    from authorizer.request import AuthorizerRequest


class SandboxTime:
    """Instants by every available clock.

    `date` returns the Date of DynamoDB's last answer, in seconds since the epoch, or None; `timeout` is the function's,
    in whole seconds.
    """

    __slots__ = (
        "_answered",
        "_begun",
        "_date",
        "_gateway",
        "_invocation",
        "_monotonic",
        "_present",
        "_read",
        "_timeout",
        "_wall",
    )

    def __init__(
        self,
        wall: Callable[[], float],
        monotonic: Callable[[], float],
        date: Callable[[], int | None],
        timeout: int,
    ) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._date = date
        self._timeout = timeout
        self._begun = False
        self._gateway: float | None = None
        self._invocation: float | None = None
        self._present: Instant | None = None
        self._read: Instant | None = None
        self._answered: Instant | None = None

    def begin(self, request: AuthorizerRequest) -> None:
        """Set the times of the next request: API Gateway's, and Lambda's deadline less the function's timeout."""
        self._begun = True
        self._gateway = request.time
        self._invocation = None if request.deadline is None else request.deadline - self._timeout
        self.now()

    def now(self) -> Instant:
        """Return this instant."""
        instant = Instant(self._wall(), self._monotonic(), self._gateway, self._invocation)
        if self._begun:
            self._present = instant
        return instant

    def present(self) -> Instant:
        """Return the instant of the decision: its beginning, or that of the last `now` since then.

        A read of a store ends with `now`. Between two instants, a decision only computes.
        """
        return self._present or self.now()

    def dated(self, sent: Instant, date: int | None) -> Instant:
        """Return the instant of a read whose answer, with this Date, has just arrived."""
        return sent.with_date(date) if self._begun else before_requests(sent, self.now(), date)

    def note_read(self, sent: Instant) -> Instant:
        """Record a read of DynamoDB whose answer has just arrived; return its instant with that answer's Date."""
        date = self._date()
        read = self.dated(sent, date)
        if date is not None:
            self._read, self._answered = read, self.now()
        return read

    def seconds(self) -> float:
        """Return the present that tokens are compared with, in seconds since the epoch.

        It is the wall clock, but not earlier than DynamoDB's Date and the request's own times allow.
        """
        return present_seconds(self._read, self._answered, self.present())
