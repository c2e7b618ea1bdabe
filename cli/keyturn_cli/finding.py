"""Findings of `keyturn rules check`: each is a sentence with the routes that it concerns."""

from __future__ import annotations

from typing import NamedTuple

_SHOWN = 5


class Finding(NamedTuple):
    """A sentence, with the routes or rules that it concerns."""

    sentence: str
    about: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return the sentence with all routes."""
        return f"{self.sentence}: {', '.join(self.about)}" if self.about else self.sentence

    def short(self) -> str:
        """Return a short line: the sentence, the first routes, and the number of further ones."""
        left = len(self.about) - _SHOWN
        if left <= 0:
            return str(self)
        return f"{self.sentence}: {', '.join(self.about[:_SHOWN])}, and {left} more (--json lists all)"


class Report:
    """Findings by their weight: `wrong` and `not_checked` make the exit code 1, and `notes` do not."""

    def __init__(self) -> None:
        self.wrong: list[Finding] = []
        self.notes: list[Finding] = []
        self.not_checked: list[str] = []
