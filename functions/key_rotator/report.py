"""The report of one run: the steps done, due and planned, the failures, and their form as JSON."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from keyturn.domain.errors import KeyturnError
from keyturn.domain.keys.key_ring import KeyRing, RingKey
from keyturn.domain.keys.key_rotation import Action, Step

if TYPE_CHECKING:
    from collections.abc import Sequence


class RunIncomplete(KeyturnError):
    """Some steps that were due failed; the message says which, and why."""


@dataclass(slots=True)
class Report:
    """One run on one ring, filled step by step.

    `unusable` has the kids with which KMS does not sign any more. `now` is when the ring was last read, in seconds
    since the epoch.
    """

    name: str
    applied: list[Step] = field(default_factory=list)
    failures: list[tuple[Step, KeyturnError]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unusable: frozenset[str] = frozenset()
    due: tuple[Step, ...] = ()
    planned: tuple[Step, ...] = ()
    ring: KeyRing | None = None
    now: int = 0

    def has_failed(self, step: Step) -> bool:
        """Return whether this run has tried the same step, and failed."""
        return any((step.action, step.subject) == (failed.action, failed.subject) for failed, _ in self.failures)

    def check(self) -> None:
        """Raise the fault that prevented the run, or RunIncomplete if a part of it failed."""
        for step, fault in self.failures:
            if step.action is Action.TICK:
                raise fault
        if self.failures:
            raise RunIncomplete("; ".join(f"{step.action} {step.subject}: {fault}" for step, fault in self.failures))

    def fields(self) -> dict[str, list[dict[str, Any]]]:
        """Return the steps done, due, planned and failed, as JSON values; times are in seconds since the epoch."""
        return {
            "applied": [self._step(step) for step in self.applied],
            "due": [self._step(step) for step in self.due],
            "planned": [self._step(step) for step in self.planned],
            "failed": [
                self._step(step) | {"error": error_code(fault), "message": str(fault)} for step, fault in self.failures
            ],
        }

    def _step(self, step: Step) -> dict[str, Any]:
        fields: dict[str, Any] = {"ring": self.name, "action": step.action.value}
        if step.subject:
            fields["subject"] = step.subject
        return fields | ({"at": step.at} if step.at else {})


def to_answer(reports: Sequence[Report]) -> dict[str, Any]:
    """Return the report on all rings, as JSON values; `failed` and `notes` are there only if they have entries."""
    answer: dict[str, Any] = {"applied": [], "due": [], "planned": [], "failed": []}
    for report in reports:
        for name, steps in report.fields().items():
            answer[name] += steps
    if not answer["failed"]:
        del answer["failed"]
    answer["rings"] = [_ring(report.ring) for report in reports if report.ring is not None]
    notes = [note for report in reports for note in report.notes]
    return answer | ({"notes": notes} if notes else {})


def error_code(fault: KeyturnError) -> str:
    """Return the fault's name as programs read it: StoreUnavailable is store_unavailable."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", type(fault).__name__).lower()


def _ring(ring: KeyRing) -> dict[str, Any]:
    return {"name": ring.name, "version": ring.version, "keys": [_key(key) for key in ring.keys]}


def _key(key: RingKey) -> dict[str, Any]:
    fields = {name: getattr(key, name) for name in key.__slots__ if name not in ("jwk", "state")}
    return {"state": key.state.value} | {name: value for name, value in fields.items() if value is not None}
