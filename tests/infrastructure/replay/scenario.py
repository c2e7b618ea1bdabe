"""Faults that go on at a rate of requests, and the alarm that each has to ring."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tests.infrastructure.replay.account import Account


class Rate(NamedTuple):
    """How often a request comes: seconds between two, each of which stands for `weight` at once."""

    seconds: float
    weight: int = 1

    def in_tens(self) -> Rate:
        """Return a rate of which one in ten requests is played, and counts for ten: a start takes time."""
        return self if self.seconds >= 10 else Rate(self.seconds * 10, self.weight * 10)


# A hundred a second are a hundred sandboxes with one a second each, which do the same: one is run, and counts for all.
RATES = {"0.01": Rate(100.0), "1": Rate(1.0), "100": Rate(1.0, weight=100)}

Play = Callable[[Account, Rate, int, int], None]


class Scenario(NamedTuple):
    """A fault that goes on from a time to another, and the alarm that it has to ring."""

    alarm: str
    play: Play
    rates: tuple[str, ...]


class Scenarios(list[Scenario]):
    """Scenarios as they are registered."""

    def rings(self, alarm: str, *rates: str) -> Callable[[Play], Play]:
        """Register a scenario for an alarm, at these rates of requests a second, by default at each."""

        def register(play: Play) -> Play:
            self.append(Scenario(alarm, play, rates or tuple(RATES)))
            return play

        return register
