"""The model of reads: DynamoDB's units, the rates by the number of sandboxes, and what binds first."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

import pytest

from authorizer.key_ring_cache import KeyRingCache
from authorizer.metrics import Metrics
from authorizer.revocation_bound import RevocationBound
from benchmarks.item_size import item_bytes
from benchmarks.limits import sandboxes_at_limit, seconds_to_load
from benchmarks.load_model import Load, read_rates, reads_a_second
from benchmarks.reads import query_units, read_units, transaction_write_units
from keyturn.domain.keys.key_ring import KeyRing
from tests.fakes.sandbox_time import sandbox_time
from tests.fakes.stub_key_ring import StubKeyRingReader, ring_of


@pytest.mark.parametrize(("size", "units"), [(0, 1), (1, 1), (4096, 1), (4097, 2), (8192, 2)])
def test_a_read_costs_a_unit_for_each_started_4_kb(size: int, units: int) -> None:
    """An item that does not exist costs a unit as well."""
    assert read_units(size) == units


def test_a_query_adds_sizes_before_it_rounds() -> None:
    """An empty one costs a unit; forty items of 200 bytes cost two, not forty."""
    assert (query_units(0, 200), query_units(40, 200)) == (1, 2)


def test_a_transaction_writes_at_twice_the_units() -> None:
    """A revocation and its feed item are four units, and each started KB of an item counts."""
    assert transaction_write_units(150, 200) == 4
    assert transaction_write_units(1025) == 4


def test_an_item_weighs_its_names_and_values() -> None:
    """Sizes follow DynamoDB's rules: UTF-8, two digits a byte and one, three for a list or map and one an element."""
    assert item_bytes({"pk": {"S": "ä"}, "n": {"N": "1790000000"}}) == 2 + 2 + 1 + 3
    assert item_bytes({"l": {"L": [{"M": {"a": {"BOOL": True}}}]}}) == 1 + 3 + 1 + 3 + 1 + 1 + 1


def test_a_view_is_renewed_by_the_first_request_after_half_of_the_bound() -> None:
    """Each sandbox renews every six seconds at B = 10 and a request a second."""
    load = Load(sandboxes=60, requests=1, bound=10)
    assert load.refreshes == pytest.approx(10)
    assert load.mean_age == pytest.approx(12.5 / 6)
    assert load.age_quantile(1) == pytest.approx(5)
    assert load.age_quantile(0.1) == 0


def test_what_each_mode_reads() -> None:
    """Strict mode reads each target at each request; snapshot mode the feed and a copy of global at each renewal."""
    load = Load(sandboxes=60, requests=1, bound=10, revocations=0, lifetime=60, busiest_client=0.5)
    strict, snapshot = read_rates(load, "strict"), read_rates(load, "snapshot")
    assert strict["ring item"] == snapshot["ring item"] == pytest.approx(10)
    assert strict["ring table"] == snapshot["ring table"] == pytest.approx(10 + 4 * load.looks)
    assert (strict["revocation table"], strict["client item"], strict["global copy"]) == (240, 30, 3.75)
    assert snapshot["feed of the day"] == pytest.approx(10 + 1)
    assert snapshot["revocation table"] == pytest.approx(10 + 1 + 10 + 4)
    assert reads_a_second(load, "strict") == pytest.approx(250 + 4 * load.looks)


@pytest.mark.parametrize(
    ("requests", "bound", "each"), [(100, 10, 12), (10, 10, 12), (10, 8, 15), (10, 120, 1), (10, 300, 1)]
)
def test_absent_rings_are_looked_for_once_a_minute_or_at_each_rarer_renewal(
    requests: float, bound: float, each: int
) -> None:
    """At many requests each twelfth renewal at B = 10 reads five units; from B = 120 on, each renewal does."""
    load = Load(sandboxes=10, requests=requests, bound=bound)
    assert load.refreshes / load.looks == pytest.approx(each, rel=0.01)
    assert load.ring_units == pytest.approx(1 + 4 / each, rel=0.01)


@pytest.mark.parametrize("requests", [0.02, 0.1, 1.0, 4.0])
def test_the_model_says_how_often_the_authorizer_looks_for_absent_rings(requests: float) -> None:
    """P11: the authorizer's own cache reads as many names as the model says, at random times of requests."""
    random, now, names = Random(1), 0.0, []
    time = sandbox_time(lambda: now)

    class Counting(StubKeyRingReader):
        def load(self, asked: Iterable[str]) -> tuple[KeyRing, ...]:
            names.append(len(list(asked)))
            return super().load(asked)

    cache = KeyRingCache(Counting(ring_of()), RevocationBound(10, time, Metrics("a", time)))
    while len(names) < 3000:
        cache.keys()
        now += random.expovariate(requests)
    assert sum(names) / len(names) == pytest.approx(Load(sandboxes=1, requests=requests).ring_units, rel=0.03)


def test_the_limit_that_binds_first_comes_first() -> None:
    """In strict mode the item of the busiest client is the hottest; it binds at 3,000 of its requests a second."""
    reached = sandboxes_at_limit(Load(sandboxes=10, requests=10, busiest_client=1), "strict")
    assert next(iter(reached.items())) == ("client item", 300)
    assert list(reached.values()) == sorted(reached.values())


def test_a_revocation_a_second_makes_the_feed_the_hottest() -> None:
    """Each renewal reads the overlap's revocations again, each start all that live."""
    load = Load(sandboxes=3000, revocations=1)
    assert next(iter(sandboxes_at_limit(load, "snapshot"))) in ("feed of the day", "ring partition")
    assert seconds_to_load(load) == load.load_units
