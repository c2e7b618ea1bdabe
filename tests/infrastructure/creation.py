"""The creation of a stack: each order that CloudFormation may choose, and the rollback of a creation that fails."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from graphlib import TopologicalSorter
from typing import NamedTuple

from tests.infrastructure.native_template import NativeTemplate

# DynamoDB refuses to delete a protected table. KMS refuses to delete a key whose policy lets nobody schedule that.
TABLE, KEY = "AWS::DynamoDB::Table", "AWS::KMS::Key"


class Rollback(NamedTuple):
    """The end of a creation that failed: the stack's status, and the resources that remain."""

    status: str
    remains: frozenset[str]


class Creation:
    """The creation of all resources of a template: CloudFormation creates each one after those that it refers to."""

    def __init__(self, template: NativeTemplate) -> None:
        self._template = template
        self._needs = {name: template.references(name) for name in template.resources}
        self._below: dict[str, set[str]] = {}
        for name in TopologicalSorter(self._needs).static_order():
            self._below[name] = self._needs[name].union(*(self._below[each] for each in self._needs[name]))

    def before(self, name: str) -> set[str]:
        """Return the resources that are there in every order when this one is created."""
        return self._below[name]

    def orders(self) -> Iterator[list[str]]:
        """Yield two orders for each resource: it is as early as possible in one, and as late as possible in the other.

        Two resources that do not depend on each other are thus created in both orders.
        """
        for name in self._needs:
            yield [
                *self._sorted(self.before(name)),
                name,
                *self._sorted(self._needs.keys() - self.before(name) - {name}),
            ]
            after = self._after(name)
            yield [*self._sorted(self._needs.keys() - after - {name}), name, *self._sorted(after)]

    def fail(self, name: str) -> Iterator[Rollback]:
        """Yield the ends of a creation in which this resource fails, after few and after many others were created."""
        for created in (self.before(name), self._needs.keys() - self._after(name) - {name}):
            yield self._roll_back({*created, name})

    def _after(self, name: str) -> set[str]:
        return {each for each, below in self._below.items() if name in below}

    def _sorted(self, names: Collection[str]) -> list[str]:
        return [each for each in self._below if each in names]

    def _roll_back(self, created: set[str]) -> Rollback:
        remains = {name for name in created if self._policy(name) == "Retain"}
        refused = {name for name in created - remains if self._is_undeletable(name)}
        return Rollback("ROLLBACK_FAILED" if refused else "ROLLBACK_COMPLETE", frozenset(remains | refused))

    def _is_undeletable(self, name: str) -> bool:
        kind = self._template.resources[name]["Type"]
        return kind == TABLE or (kind == KEY and "kms:ScheduleKeyDeletion" not in str(self._template.properties(name)))

    def _policy(self, name: str) -> str:
        """Return what CloudFormation does in a rollback: RetainExceptOnCreate deletes what this creation created."""
        policy: str = self._template.resources[name].get("DeletionPolicy", "Delete")
        return policy
