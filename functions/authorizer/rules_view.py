"""The access rules as last read: where they can change without a deployment, they are read again once a minute."""

from __future__ import annotations

import math

from keyturn.domain.access_rules import AccessRulesError
from keyturn.domain.errors import KeyturnError
from keyturn.observability import log_event

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from authorizer.metrics import Metrics
    from keyturn.domain.access_rules import AccessRules

# Parameter Store serves 40 reads a second to a whole account and Region: at this period those of 2,400 sandboxes.
PERIOD = 60.0


class RulesUnusable(KeyturnError):
    """The document of the access rules is wrong; the text says where it is, what is wrong, and what is expected."""


class RulesView:
    """The rules that decide.

    `load` returns their document, `source` says where it is, `parse` reads it, `monotonic` returns seconds.

    A document that is wrong, or cannot be read, changes nothing where there is an older one: its rules go on, however
    old, since a mistake of an operator, or an outage of another service, should not close every API at once.
    """

    def __init__(
        self,
        load: Callable[[], str],
        source: str,
        parse: Callable[[str], AccessRules],
        monotonic: Callable[[], float],
        metrics: Metrics,
    ) -> None:
        """Take what is needed; the first call of `rules` reads."""
        self._load = load
        self._source = source
        self._parse = parse
        self._monotonic = monotonic
        self._metrics = metrics
        self._text: str | None = None
        self._rules: AccessRules | None = None
        self._due_at = -math.inf

    def rules(self) -> AccessRules:
        """Return the rules; raises KeyturnError while there have been none yet."""
        if self._rules is None:
            self._rules = self._read()
        elif self._monotonic() >= self._due_at:
            try:
                self._rules = self._read()
            except KeyturnError as fault:
                self._due_at = self._monotonic() + PERIOD
                self._metrics.count("RulesFailures")
                log_event("ERROR", "access_rules_not_renewed", fault=type(fault).__name__, detail=str(fault))
        return self._rules

    def _read(self) -> AccessRules:
        text = self._load()
        rules = self._rules if text == self._text else None
        if rules is None:
            try:
                rules = self._parse(text)
            except AccessRulesError as error:
                raise RulesUnusable(f"{self._source}: {error}") from None
        self._text = text
        self._due_at = self._monotonic() + PERIOD
        return rules
