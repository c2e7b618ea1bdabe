"""Findings of `keyturn rules check`: a sentence each, with the routes that it is about."""

from __future__ import annotations

from typing import NamedTuple

_SHOWN = 5


class Finding(NamedTuple):
    """A sentence, and the routes or rules that it is about."""

    sentence: str
    about: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return all of it."""
        return f"{self.sentence}: {', '.join(self.about)}" if self.about else self.sentence

    def short(self) -> str:
        """Return one line that a person can read: the first few routes, and how many more there are."""
        left = len(self.about) - _SHOWN
        if left <= 0:
            return str(self)
        return f"{self.sentence}: {', '.join(self.about[:_SHOWN])}, and {left} more (--json lists all)"


class Report:
    """Findings by their weight: `wrong` and `not_checked` are an exit code of 1, `notes` are not."""

    def __init__(self) -> None:
        """Begin without any."""
        self.wrong: list[Finding] = []
        self.notes: list[Finding] = []
        self.not_checked: list[str] = []
