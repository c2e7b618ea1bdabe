"""A measured figure beside its gate, which must hold, and its stretch, which would make us proud."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Figure(NamedTuple):
    """One figure, of which less is better, with its goals in the same unit; `spread` is the least and the largest."""

    goal: str
    what: str
    unit: str
    gate: float
    stretch: float
    measured: float
    spread: tuple[float, float] | None = None

    @property
    def verdict(self) -> str:
        """Return the goals that the figure meets."""
        if self.measured <= self.stretch:
            return "stretch met"
        return "gate met" if self.measured <= self.gate else "NOT MET"


def goal_table(figures: Iterable[Figure]) -> str:
    """Return the figures as a table in Markdown."""
    lines = ["| what | gate | stretch | measured | |", "|---|---|---|---|---|"]
    for figure in figures:
        spread = "" if figure.spread is None else f" ({_number(figure.spread[0])} to {_number(figure.spread[1])})"
        goals = f"{_number(figure.gate)} {figure.unit} | {_number(figure.stretch)} {figure.unit}"
        measured = f"{_number(figure.measured)}{spread} {figure.unit}"
        lines.append(f"| {figure.what} | {goals} | {measured} | {figure.verdict} |")
    return "\n".join(lines)


def _number(value: float) -> str:
    return f"{value:.3g}" if value < 1000 else f"{value:,.0f}"
