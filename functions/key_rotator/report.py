"""What one run did and what is left, and how that is told."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from keyturn.domain.errors import KeyturnError
from keyturn.domain.key_ring import KeyRing, RingKey
from keyturn.domain.key_rotation import Step


class RunIncomplete(KeyturnError):
    """Some of what was due could not be done; the message says what and why."""


@dataclass(slots=True)
class Report:
    """One run, as it goes along."""

    applied: list[Step] = field(default_factory=list)
    failures: list[tuple[Step, KeyturnError]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    due: tuple[Step, ...] = ()
    planned: tuple[Step, ...] = ()
    ring: KeyRing | None = None

    def has_failed(self, step: Step) -> bool:
        """Tell whether this run tried that already, in vain."""
        return any((step.action, step.subject) == (failed.action, failed.subject) for failed, _ in self.failures)

    def check(self) -> None:
        """Raise RunIncomplete if something failed."""
        if self.failures:
            raise RunIncomplete("; ".join(f"{step.action} {step.subject}: {fault}" for step, fault in self.failures))

    def to_answer(self) -> dict[str, Any]:
        """Return the report as JSON values; times in seconds since the epoch."""
        answer: dict[str, Any] = {
            "applied": [_step(step) for step in self.applied],
            "due": [_step(step) for step in self.due],
            "planned": [_step(step) for step in self.planned],
        }
        if self.ring is not None:
            keys = [_key(key) for key in self.ring.keys]
            answer["ring"] = {"name": self.ring.name, "version": self.ring.version, "keys": keys}
        if self.failures:
            answer["failed"] = [
                _step(step) | {"error": error_code(fault), "message": str(fault)} for step, fault in self.failures
            ]
        return answer | ({"notes": self.notes} if self.notes else {})


def error_code(fault: KeyturnError) -> str:
    """Return the fault's name as programs read it: StoreUnavailable is store_unavailable."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", type(fault).__name__).lower()


def _step(step: Step) -> dict[str, Any]:
    fields: dict[str, Any] = {"action": step.action.value}
    if step.subject:
        fields["subject"] = step.subject
    return fields | ({"at": step.at} if step.at else {})


def _key(key: RingKey) -> dict[str, Any]:
    fields = {name: getattr(key, name) for name in key.__slots__ if name not in ("jwk", "state")}
    return {"state": key.state.value} | {name: value for name, value in fields.items() if value is not None}
