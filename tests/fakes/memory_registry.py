"""Registrations in memory: what the fakes of clients and of resource servers share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from threading import Lock
from typing import Generic, TypeVar

from keyturn.domain.clients.client import Client
from keyturn.domain.clients.resource_server import ResourceServer
from keyturn.domain.errors import AlreadyExists, VersionConflict

Record = TypeVar("Record", Client, ResourceServer)


class MemoryRegistry(Generic[Record]):
    """The registrations of one kind; `fault` is raised by every call, `reads` counts the look-ups."""

    def __init__(self, kind: str, name_of: Callable[[Record], str], records: Iterable[Record]) -> None:
        self._kind = kind
        self._name_of: Callable[[Record], str] = name_of
        self._records: dict[str, Record] = {name_of(record): record for record in records}
        self._lock = Lock()
        self.fault: Exception | None = None
        self.reads: list[str] = []

    def get(self, name: str) -> Record | None:
        """Return the registration, or None."""
        self.reads.append(name)
        self._fail()
        return self._records.get(name)

    def add(self, record: Record) -> None:
        """Store a new registration; raises AlreadyExists."""
        self._fail()
        name = self._name_of(record)
        with self._lock:
            if name in self._records:
                raise AlreadyExists(f"the {self._kind} {name} exists already")
            self._records[name] = record

    def update(self, record: Record) -> Record:
        """Store the next revision of the registration, and return it; raises VersionConflict."""
        self._fail()
        name = self._name_of(record)
        with self._lock:
            stored = self._records.get(name)
            if stored is None or stored.revision != record.revision:
                raise VersionConflict(f"the {self._kind} {name} was changed by somebody else: try again")
            self._records[name] = replace(record, revision=record.revision + 1)
            return self._records[name]

    def remove(self, name: str) -> bool:
        """Remove the registration; return whether there was one."""
        self._fail()
        return self._records.pop(name, None) is not None

    def list(self) -> tuple[Record, ...]:
        """Return all registrations, by name."""
        self._fail()
        return tuple(self._records[name] for name in sorted(self._records))

    def _fail(self) -> None:
        if self.fault is not None:
            raise self.fault
