"""The report: each fact, whether it holds, what was observed; neither accounts nor credentials."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

HOLDS = "holds"
DOES_NOT_HOLD = "**does not hold**"
NOT_SEEN = "not seen"

_TOKEN = re.compile(r"\be[wy][\w-]+\.[\w-]+\.[\w-]*", re.ASCII)
_ACCOUNT = re.compile(r"(?<!\d)\d{12}(?!\d)")
_PRINCIPAL = re.compile(r"\b(?:AKIA|ASIA|AIDA|AROA)[A-Z0-9]{8,}\b")
_API = re.compile(r"\b[a-z0-9]{10}(?=\.execute-api\.)")


class Observe(Protocol):
    """Notes what was observed of a fact, whether or not it is what was expected."""

    def __call__(self, **values: object) -> None: ...


@dataclass(slots=True)
class Fact:
    """One sentence about AWS, and what became of it; `observed` in the order in which it was seen."""

    section: str
    sentence: str
    outcome: str = NOT_SEEN
    reason: str = ""
    observed: list[tuple[str, object]] = field(default_factory=list)
    seconds: float = 0.0


@dataclass(slots=True)
class Run:
    """One run: what it says of itself (date, region, commit …), the stack's parameters, and what may not be written."""

    head: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    secrets: set[str] = field(default_factory=set)
    on_aws: bool = True


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """Return the text without these secrets, and without whatever looks like a token, an account or a principal."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, "[redacted]")
    text = _TOKEN.sub("[token]", text)
    text = _ACCOUNT.sub("[account]", text)
    text = _PRINCIPAL.sub("[principal]", text)
    return _API.sub("[api]", text)


def render(run: Run, facts: Iterable[Fact]) -> str:
    """Return the report as Markdown, redacted."""
    facts = list(facts)
    lines = [f"# Verification{'' if run.on_aws else ' of the machinery'}", ""]
    if not run.on_aws:
        lines += ["**Not on AWS: an emulator answered, so this says nothing of AWS.**", ""]
    lines += [_summary(facts), "", *_table(("", ""), run.head.items())]
    lines += ["", "## Facts"]
    for section in dict.fromkeys(fact.section for fact in facts):
        rows = [_row(fact) for fact in facts if fact.section == section]
        lines += ["", f"### {section}", "", *_table(("fact", "outcome", "observed", "seconds"), rows)]
    lines += ["", "## Parameters of the stack", "", *_table(("parameter", "value"), sorted(run.parameters.items()))]
    return redact("\n".join(lines) + "\n", run.secrets)


def _summary(facts: list[Fact]) -> str:
    counts = {outcome: sum(fact.outcome == outcome for fact in facts) for outcome in (HOLDS, DOES_NOT_HOLD, NOT_SEEN)}
    return (
        f"Of {len(facts)} facts {counts[HOLDS]} hold, {counts[DOES_NOT_HOLD]} do not, {counts[NOT_SEEN]} were not seen."
    )


def _row(fact: Fact) -> tuple[str, str, str, str]:
    outcome = f"{fact.outcome}: {fact.reason}" if fact.reason else fact.outcome
    observed = "; ".join(f"{name}: {_spell(value)}" for name, value in fact.observed)
    return fact.sentence, outcome, observed, f"{fact.seconds:.1f}"


def _spell(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_spell(each)}" for name, each in value.items()) or "nothing"
    if isinstance(value, (list, tuple, set, frozenset)):
        members = [_spell(each) for each in value]
        return ", ".join(sorted(members) if isinstance(value, (set, frozenset)) else members) or "nothing"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _table(columns: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> list[str]:
    head = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    return head + ["| " + " | ".join(_cell(each) for each in row) + " |" for row in rows]


def _cell(value: object) -> str:
    return " ".join(str(value).replace("|", r"\|").split())
