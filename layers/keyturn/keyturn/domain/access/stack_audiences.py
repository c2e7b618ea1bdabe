"""The audiences of a stack, and whether each API must name its own (RFC 9068 §4, RFC 8707 §2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

REQUIRED = "required"
WARN = "warn"
API_AUDIENCES = (REQUIRED, WARN)


class StackAudiences:
    """The audiences that the authorizer accepts (`names`), and whether it refuses an API without one (`required`).

    `api_audiences` is "required" or "warn". If the stack has one audience, it is also that of each API
    without an audience of its own.
    """

    __slots__ = ("names", "required", "several")

    def __init__(self, names: Iterable[str], api_audiences: str) -> None:
        self.names = frozenset(names)
        self.several = len(self.names) > 1
        self.required = self.several and api_audiences == REQUIRED
