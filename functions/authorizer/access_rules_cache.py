"""The access rules as last read: where they can change without a deployment, they are read again once a minute."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.domain.access.access_rules import AccessRulesError, parse_access_rules
from keyturn.domain.errors import KeyturnError
from keyturn.domain.time.ages import age
from keyturn.observability import log_event

if TYPE_CHECKING:
    from collections.abc import Callable

    from authorizer.metrics import Metrics
    from authorizer.sandbox_time import SandboxTime
    from keyturn.domain.access.access_rules import AccessRules
    from keyturn.domain.access.stack_audiences import StackAudiences
    from keyturn.domain.time.ages import Instant

# Parameter Store serves 40 reads a second to a whole account and Region: at this period those of 2,400 sandboxes.
PERIOD = 60.0


class RulesUnusable(KeyturnError):
    """The document of the access rules is wrong; the text says where it is, what is wrong, and what is expected."""


class AccessRulesCache:
    """The rules that decide; `load` returns their document, `source` says where it is.

    `date` returns the Date of the answer that brought it, in seconds since the epoch, or None. `stack` has the
    authorizer's audiences, None where no audience of an API counts.

    The document is read again when a minute has passed by any clock of the sandbox, or the wall clock went back. A
    document that is wrong, or cannot be read, changes nothing where there is an older one: its rules go on, however
    old, since a mistake of an operator, or an outage of another service, should not close every API at once.
    """

    def __init__(
        self,
        load: Callable[[], str],
        source: str,
        time: SandboxTime,
        metrics: Metrics,
        date: Callable[[], int | None] = lambda: None,
        stack: StackAudiences | None = None,
    ) -> None:
        """Begin without rules; the first call of `rules` reads."""
        self._load = load
        self._source = source
        self._time = time
        self._metrics = metrics
        self._date = date
        self._stack = stack
        self._text: str | None = None
        self._rules: AccessRules | None = None
        self._tried_at: Instant | None = None

    def rules(self) -> AccessRules:
        """Return the rules; raises KeyturnError while there have been none yet."""
        if self._rules is None:
            self._rules = self._read()
        elif age(self._tried_at, self._time.now()) >= PERIOD:
            try:
                self._rules = self._read()
            except KeyturnError as fault:
                self._metrics.count("RulesFailures")
                log_event("ERROR", "access_rules_not_renewed", fault=type(fault).__name__, detail=str(fault))
        return self._rules

    def _read(self) -> AccessRules:
        # From before the read: a document that changed meanwhile is as old as the question.
        self._tried_at = self._time.now()
        text = self._load()
        self._tried_at = self._tried_at._replace(date=self._date())
        rules = self._rules if text == self._text else None
        if rules is None:
            try:
                rules = parse_access_rules(text, self._stack)
            except AccessRulesError as error:
                raise RulesUnusable(f"{self._source}: {error}") from None
        self._text = text
        return rules
