"""The cache of values read from a store: their age, their renewal, and faults of the store."""

from __future__ import annotations

import pytest

from keyturn.domain.errors import ItemDamaged, KeyturnError, StoreUnavailable
from keyturn.domain.time.ages import Instant, PreparedInstant
from keyturn.domain.time.bounded_cache import NONE_USED, AgePolicy, BoundedCache

BOUND, RENEW_FROM, PAUSE = 10.0, 5.0, 1.0


class World:
    """A store that counts its reads, or fails, and clocks that a test moves."""

    def __init__(self) -> None:
        self.wall = 1000.0
        self.monotonic = 50.0
        self.gateway: float | None = None
        self.date: int | None = None
        self.reads = 0
        self.takes = 0.0
        self.fault: KeyturnError | None = None
        self.failures: list[tuple[str, KeyturnError, bool]] = []
        self.policy = AgePolicy(self.now, bound=BOUND, renew_from=RENEW_FROM, pause=PAUSE, tolerated=StoreUnavailable)
        self.cache = self.another()

    def another(self) -> BoundedCache[int]:
        """Return another cache of the same policy."""
        return BoundedCache(
            "things",
            self.read,
            self.policy,
            on_failure=lambda name, fault, is_used: self.failures.append((name, fault, is_used)),
        )

    def now(self) -> Instant:
        return Instant(self.wall, self.monotonic, self.gateway, None, self.date)

    def pass_time(self, seconds: float) -> None:
        self.wall += seconds
        self.monotonic += seconds

    def read(self, sent: Instant) -> tuple[int, Instant]:
        self.pass_time(self.takes)
        if self.fault is not None:
            raise self.fault
        self.reads += 1
        return self.reads, sent

    def get(self) -> int:
        return self.cache.get(self.now())


@pytest.fixture
def world() -> World:
    """Return a world whose cache has read its first value."""
    world = World()
    world.get()
    return world


@pytest.mark.parametrize(("passed", "reads"), [(RENEW_FROM - 0.001, 1), (RENEW_FROM, 2), (BOUND, 2), (3600.0, 2)])
def test_a_value_is_renewed_from_its_age_on(world: World, passed: float, reads: int) -> None:
    """P8, R47: a younger value costs no read, an older one is renewed before its use."""
    world.pass_time(passed)
    assert (world.get(), world.reads) == (reads, reads)


@pytest.mark.parametrize(("passed", "reads"), [(RENEW_FROM - 0.001, 1), (RENEW_FROM, 2)])
def test_a_read_before_the_first_request_is_renewed_by_its_estimate(passed: float, reads: int) -> None:
    """R47: a sandbox that was frozen after it was prepared has clocks that stood still: the request's time counts."""
    prepared = PreparedInstant(1000.0, 50.0, None, 2000.0, 2002)
    read = iter([(1, prepared), (2, Instant(1000.0, 50.0, None, 2000.0 + passed))])
    policy = AgePolicy(lambda: Instant(1000.0, 50.0), bound=BOUND, renew_from=RENEW_FROM, pause=PAUSE)
    cache = BoundedCache("things", lambda _sent: next(read), policy)
    cache.renew()
    assert cache.get(Instant(1000.0, 50.0, None, 2000.0 + passed)) == reads


def test_a_request_that_waited_costs_no_read_below_the_bound(world: World) -> None:
    """P8, R47: a request's time makes a value due at the bound, and renews nothing below it."""
    world.gateway = 1000.0
    world.cache.renew()
    for gateway, reads in ((1000.0 + BOUND - 0.001, 2), (1000.0 + BOUND, 3)):
        world.gateway = gateway
        world.get()
        assert world.reads == reads


def test_the_date_of_a_later_answer_renews(world: World) -> None:
    """I10: the Date of another answer says how old the value is while both clocks stand still."""
    world.date = 1000
    world.cache.renew()
    world.date = 1000 + int(RENEW_FROM) + 1
    world.get()
    assert world.reads == 3


def test_a_tolerated_fault_leaves_the_value_in_use_below_the_bound(world: World) -> None:
    """R47, I10: the value in hand is used until the bound, and each failure is reported."""
    world.fault = StoreUnavailable("down")
    world.pass_time(BOUND - 0.001)
    assert world.get() == 1
    world.pass_time(0.001)
    with pytest.raises(StoreUnavailable, match="down"):
        world.get()
    assert world.failures == [("things", world.fault, True), ("things", world.fault, False)]


def test_another_fault_is_raised_at_once(world: World) -> None:
    """I10: a fault that waiting does not repair is raised, whatever the age of the value in hand."""
    world.fault = ItemDamaged("no version")
    world.pass_time(RENEW_FROM)
    with pytest.raises(ItemDamaged):
        world.get()
    assert world.failures == []


def test_caches_of_one_policy_share_the_pause(world: World) -> None:
    """R61: after a failed renewal no cache tries another for a second, except one without a value."""
    other = world.another()
    other.get(world.now())
    world.fault = StoreUnavailable("down")
    world.pass_time(RENEW_FROM)
    world.get()
    other.get(world.now())
    assert len(world.failures) == 1
    world.pass_time(PAUSE)
    other.get(world.now())
    assert len(world.failures) == 2
    with pytest.raises(StoreUnavailable):
        world.another().get(world.now())


def test_a_read_that_takes_until_the_bound_is_refused(world: World) -> None:
    """R47: an answer is as old as its question."""
    world.takes = BOUND
    world.pass_time(RENEW_FROM)
    with pytest.raises(StoreUnavailable, match=r"^reading the things took 10 s or longer"):
        world.get()


def test_a_value_that_was_too_old_stays_refused(world: World) -> None:
    """R47, I10: a wall clock that went back and passes the instant of the read again makes no value young."""
    world.fault = StoreUnavailable("down")
    for moved in (-1.0, 2.0, 1.0):
        world.wall += moved
        with pytest.raises(StoreUnavailable):
            world.get()
    world.fault = None
    assert world.get() == 2


def test_the_largest_age_of_a_used_value_is_kept_for_a_report(world: World) -> None:
    """The age after a renewal counts, since that is the age of the value returned; a report begins anew."""
    assert world.policy.oldest == 0.0
    world.pass_time(2.5)
    world.get()
    world.pass_time(2.5)
    world.get()
    assert world.policy.oldest == 2.5
    world.policy.oldest = NONE_USED
    world.get()
    assert world.policy.oldest == 0.0


def test_without_a_pause_each_use_tries_to_renew(world: World) -> None:
    """A policy that names no pause reads again at the next use after a failure."""
    policy = AgePolicy(world.now, bound=BOUND, renew_from=RENEW_FROM)
    tried: list[Instant] = []

    def read(sent: Instant) -> tuple[int, Instant]:
        tried.append(sent)
        if len(tried) > 1:
            raise StoreUnavailable("down")
        return 1, sent

    cache = BoundedCache("things", read, policy)
    cache.renew()
    world.pass_time(RENEW_FROM)
    assert [cache.get(world.now()), cache.get(world.now()), len(tried)] == [1, 1, 3]


def test_renew_reads_whatever_the_age(world: World) -> None:
    """A caller that found the value outdated has it read again, and the new value is kept."""
    assert (world.cache.renew(), world.get()) == (2, 2)


def test_the_value_read_last_is_there_however_old(world: World) -> None:
    """I11: a stale value can be asked for by name; without any, the caller's fault is raised."""
    fault = StoreUnavailable("down")
    world.pass_time(86_400)
    assert world.cache.last_read(otherwise=fault) == 1
    with pytest.raises(StoreUnavailable, match="down"):
        world.another().last_read(otherwise=fault)


def test_the_hooks_are_optional() -> None:
    """A cache without hooks returns, renews and refuses as one with hooks does."""
    world = World()
    cache = BoundedCache("things", world.read, world.policy)
    cache.get(world.now())
    world.fault = StoreUnavailable("down")
    world.pass_time(RENEW_FROM)
    assert cache.get(world.now()) == 1
