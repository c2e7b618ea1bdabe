"""Costs of reads and writes in DynamoDB's units; every read here is strongly consistent.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
"""

from __future__ import annotations

READ_UNIT_BYTES = 4096
WRITE_UNIT_BYTES = 1024


def read_units(item_bytes: float) -> int:
    """Return the units of a GetItem, or of one item of a BatchGetItem: one for each started 4 KB.

    An item that does not exist (0 bytes) costs one unit. A BatchGetItem rounds up each item by itself.
    """
    return max(1, _started(item_bytes, READ_UNIT_BYTES))


def query_units(items: float, item_bytes: float) -> int:
    """Return the units of a Query, in pages or not: the items' sizes are added, then rounded up; at least one unit.

    Attributes that a ProjectionExpression leaves out count. The rounding of each further page is left aside.
    """
    return read_units(items * item_bytes)


def transaction_write_units(*item_bytes: float) -> int:
    """Return the units of a TransactWriteItems: two for each started KB of each item."""
    return sum(2 * max(1, _started(size, WRITE_UNIT_BYTES)) for size in item_bytes)


def _started(size: float, unit: int) -> int:
    return -int(-size // unit)
