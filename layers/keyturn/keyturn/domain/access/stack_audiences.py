"""The audiences of a stack, and whether an API has to name its own among them (RFC 9068 §4, RFC 8707 §2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

REQUIRED = "required"
WARN = "warn"
API_AUDIENCES = (REQUIRED, WARN)


class StackAudiences:
    """The audiences that the authorizer accepts: `names`, and whether an API without one is refused: `required`.

    A stack with one audience has no choice: an API that names none has that one.
    """

    __slots__ = ("names", "required", "several")

    def __init__(self, names: Iterable[str], api_audiences: str) -> None:
        """Take the audiences, and what to do with an API that names none: "required" or "warn"."""
        self.names = frozenset(names)
        self.several = len(self.names) > 1
        self.required = self.several and api_audiences == REQUIRED
