"""Reads of DynamoDB for each request, counted below the authorizer as its bootstrap composes it."""

from __future__ import annotations

from benchmarks.goals import Figure
from tests.fakes.composed_authorizer import ComposedAuthorizer


def counted_reads() -> list[Figure]:
    """Return the operations of a cold start, of a warm request in each mode, and of one with unprocessed keys."""
    strict, snapshot = ComposedAuthorizer("strict"), ComposedAuthorizer("snapshot")
    cold = max(len(strict.decide()), len(snapshot.decide()))
    snapshot.decide()  # the second request reads the feed
    warm_strict, warm_snapshot = len(strict.decide()), len(snapshot.decide())
    strict.dynamodb.unprocessed = 1
    again = len(strict.decide())
    return [
        Figure("P8", "cold start, either mode", "reads", 2, 2, cold),
        Figure("P8", "warm request, snapshot", "reads", 0, 0, warm_snapshot),
        Figure("P8", "warm request, strict", "reads", 1, 1, warm_strict),
        Figure("P8", "warm request, strict, one key unprocessed", "reads", 2, 2, again),
    ]
