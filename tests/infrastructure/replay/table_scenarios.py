"""Throttled reads and writes of tables, as DynamoDB measures them."""

from __future__ import annotations

import itertools

from tests.infrastructure.replay.account import Account, every
from tests.infrastructure.replay.scenario import Play, Rate, Scenarios


def throttled_tables(alarm: str, *tables: str) -> Scenarios:
    """Return a scenario for reads and one for writes of each table, which have to ring the alarm."""
    scenarios = Scenarios()
    for table, metric in itertools.product(tables, ("ReadThrottleEvents", "WriteThrottleEvents")):
        scenarios.rings(alarm)(_throttled(table, metric))
    return scenarios


def _throttled(table: str, metric: str) -> Play:
    def play(account: Account, rate: Rate, start: int, end: int) -> None:
        for at in every(rate.seconds, start, end):
            account.measure("AWS/DynamoDB", metric, at, rate.weight, TableName=table)

    play.__name__ = f"{table}_has_{metric}"
    return play
