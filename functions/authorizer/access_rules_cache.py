"""The access rules as last read: the document may change without a deployment, and is read again once a minute."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.domain.access.access_rules import AccessRulesError, parse_access_rules
from keyturn.domain.errors import KeyturnError, StoreUnavailable
from keyturn.domain.time.bounded_cache import AgePolicy, BoundedCache
from keyturn.observability import log_event

if TYPE_CHECKING:
    from collections.abc import Callable

    from authorizer.metrics import Metrics
    from authorizer.sandbox_time import SandboxTime
    from keyturn.domain.access.access_rules import AccessRules
    from keyturn.domain.access.stack_audiences import StackAudiences
    from keyturn.domain.time.ages import Instant

# Parameter Store serves 40 reads a second to a whole account and Region: at this period, the reads of 2,400 sandboxes.
PERIOD = 60.0


class RulesUnusable(KeyturnError):
    """The document of the access rules is wrong; the text says where it is, what is wrong, and what is expected."""


class RulesDocument:
    """The document of the access rules: `load` returns its text, `source` names its place in messages.

    `date` returns the Date of the answer that brought it, in seconds since the epoch, or None.
    """

    __slots__ = ("date", "load", "source")

    def __init__(self, load: Callable[[], str], source: str, date: Callable[[], int | None] = lambda: None) -> None:
        self.load = load
        self.source = source
        self.date = date


class AccessRulesCache:
    """The rules by which the authorizer decides; `stack` has its audiences, None where an API's audiences do not count.

    The document is read again when a minute has passed by any clock of the sandbox. It is also read when the wall clock
    went back. A failed read counts as a read: the rules in hand stay in use for another minute, however old. A mistake
    in the document, or an outage of another service, should not close every API at once.
    """

    def __init__(
        self, document: RulesDocument, time: SandboxTime, metrics: Metrics, stack: StackAudiences | None = None
    ) -> None:
        self._document = document
        self._time = time
        self._metrics = metrics
        self._stack = stack
        self._text: str | None = None
        self._rules: AccessRules | None = None
        policy = AgePolicy(time.now, bound=PERIOD, renew_from=PERIOD)
        self._cache = BoundedCache("access rules", self._read, policy)

    def rules(self) -> AccessRules:
        """Return the rules; raises KeyturnError while none were ever read."""
        try:
            return self._cache.get(self._time.present())
        except StoreUnavailable as fault:
            # The read took a minute or longer, by a clock.
            return self._cache.last_read(otherwise=fault)

    def _read(self, sent: Instant) -> tuple[AccessRules, Instant]:
        read_at = sent
        try:
            text = self._document.load()
            read_at = self._time.dated(sent, self._document.date())
            rules = self._rules if text == self._text else None
            if rules is None:
                rules = self._parse(text)
        except KeyturnError as fault:
            if self._rules is None:
                raise
            self._metrics.count("RulesFailures")
            log_event("ERROR", "access_rules_not_renewed", fault=type(fault).__name__, detail=str(fault))
            return self._rules, read_at
        self._text, self._rules = text, rules
        return rules, read_at

    def _parse(self, text: str) -> AccessRules:
        try:
            return parse_access_rules(text, self._stack)
        except AccessRulesError as error:
            raise RulesUnusable(f"{self._document.source}: {error}") from None
