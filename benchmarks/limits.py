"""Default limits of DynamoDB, and the number of sandboxes that reach them.

A partition, hence an item: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
A table on demand: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
"""

from __future__ import annotations

from benchmarks.load_model import Load, read_rates

PARTITION = 3000.0  # read units per second
TABLE = 40_000.0  # read units per second; a quota that AWS raises when asked

CAPACITY = {
    "ring item": PARTITION,
    # All rings on one partition, absent ones too: the worst case, until DynamoDB has split it.
    "ring partition": PARTITION,
    "ring table": TABLE,
    "client item": PARTITION,
    "global copy": PARTITION,
    "feed of the day": PARTITION,
    "revocation table": TABLE,
}


def sandboxes_at_limit(load: Load, mode: str) -> dict[str, int]:
    """Return for each limit how many sandboxes reach it, the first one to bind first; every rate is linear in S."""
    rates = read_rates(load, mode)
    reached = {name: int(load.sandboxes * CAPACITY[name] / rate) for name, rate in rates.items()}
    return dict(sorted(reached.items(), key=lambda item: item[1]))


def seconds_to_load(load: Load) -> float:
    """Return how long the feed's partition needs to serve the first Query of all sandboxes, if all start at once."""
    return load.sandboxes * load.load_units / PARTITION
