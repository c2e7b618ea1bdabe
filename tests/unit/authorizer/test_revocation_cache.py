"""Snapshot mode: right below the bound, strict without a snapshot, and without an Allow beyond the bound (R47)."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from authorizer.metrics import Metrics
from authorizer.revocation_bound import RevocationBound
from authorizer.revocation_cache import RevocationCache
from keyturn.domain.errors import ItemDamaged, KeyturnError, StoreUnavailable, Throttled
from keyturn.domain.revocations import revocation_snapshot
from keyturn.domain.revocations.revocation import FEED_OVERLAP, Revocation, Target, TargetKind
from keyturn.domain.revocations.revocation_snapshot import FeedEntry
from tests.fakes.log_lines import log_lines
from tests.fakes.memory_revocations import MemoryRevocations
from tests.fakes.sandbox_time import sandbox_time
from tests.fakes.token_factory import NOW

BOUND, LIFETIME = 10.0, 3610
JTI, SUBJECT, GLOBAL = (
    Target.of(TargetKind.TOKEN, "a"),
    Target.of(TargetKind.SUBJECT, "u"),
    Target.of(TargetKind.GLOBAL, "7"),
)
WANTED = (JTI, SUBJECT, GLOBAL)


class MemoryFeed:
    """A RevocationFeed: what was written when, and what each read asked for; `fault` fails it at the n-th entry."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.written: list[FeedEntry] = []
        self.copy: Revocation | None = None
        self.fault: tuple[int, KeyturnError] | None = None
        self.takes = 0.0
        self.reads: list[int] = []

    def write(self, target: Target, not_before: int | None = None) -> None:
        self.written.append((target.key, not_before, int(self.world.wall)))  # type: ignore[arg-type]

    def global_revocation(self) -> tuple[int, Revocation | None]:
        self.world.pass_time(self.takes)
        return int(self.world.wall), self.copy

    def entries(self, since: int, now: int) -> Iterator[FeedEntry]:
        assert since <= now <= self.world.wall
        self.reads.append(since)
        found = [entry for entry in self.written if entry[2] >= since]
        if self.fault is None:
            yield from found
            return
        position, fault = self.fault
        yield from found[:position]
        raise fault


class World:
    """A cache on a feed, a strict reader beside it, and the two clocks that a test moves."""

    def __init__(self) -> None:
        self.wall = float(NOW)
        self.monotonic = 50.0
        self.feed = MemoryFeed(self)
        self.strict = MemoryRevocations()
        time = sandbox_time(lambda: self.wall, lambda: self.monotonic)
        self.metrics = Metrics("authorizer", time)
        bound = RevocationBound(BOUND, time, self.metrics)
        self.cache = RevocationCache(self.strict, self.feed, bound, longest_token_lifetime=LIFETIME)

    def pass_time(self, seconds: float) -> None:
        self.wall += seconds
        self.monotonic += seconds

    def revoked(self) -> bool:
        return bool(self.cache.find(WANTED))

    @property
    def asked(self) -> int:
        """How often the strict reader was asked."""
        return len(self.strict.asked)


@pytest.fixture
def world() -> World:
    """Return a cache that has answered two requests: the second one read the feed."""
    world = World()
    assert not world.revoked()
    assert not world.revoked()
    return world


def test_the_first_request_asks_and_the_second_reads_the_feed() -> None:
    """P8: a cold start reads what its one request needs; from the second request on there is a snapshot."""
    world = World()
    world.revoked()
    assert (world.asked, world.feed.reads) == (1, [])
    world.revoked()
    assert (world.asked, world.feed.reads) == (1, [NOW - LIFETIME - FEED_OVERLAP])


def test_warm_requests_read_nothing(world: World) -> None:
    """P8: below half of the bound a request is decided in memory."""
    for _ in range(5):
        world.pass_time(0.9)
        world.revoked()
    assert (world.asked, len(world.feed.reads)) == (1, 1)


def test_a_revocation_counts_within_the_bound(world: World) -> None:
    """R47: a revocation is seen by a request that begins half of the bound after it was written."""
    world.feed.write(JTI)
    world.pass_time(BOUND / 2)
    assert world.revoked()


@pytest.mark.parametrize("fault", [StoreUnavailable("down"), Throttled("slow down")])
def test_while_the_feed_cannot_be_read_the_old_snapshot_decides_below_the_bound(
    world: World, fault: KeyturnError
) -> None:
    """R47: from half of the bound on each refresh fails, and what was read still holds, without asking for more."""
    world.feed.fault = (0, fault)
    world.pass_time(BOUND / 2)
    assert not world.revoked()
    assert world.asked == 1


def test_at_the_bound_the_request_asks_for_itself(world: World) -> None:
    """R47: no snapshot of that age decides: the request's own revocations are asked for, strongly consistent."""
    world.strict.store(Revocation(JTI, expires_at=NOW + 99))
    world.feed.fault = (0, Throttled("slow down"))
    world.pass_time(BOUND)
    assert world.revoked()
    assert world.asked == 2


def test_at_the_bound_and_with_everything_away_nobody_is_let_in(world: World) -> None:
    """R47: neither a snapshot nor an answer: a fault."""
    world.feed.fault = (0, StoreUnavailable("down"))
    world.strict.fault = StoreUnavailable("down")
    world.pass_time(BOUND)
    with pytest.raises(StoreUnavailable):
        world.revoked()


def test_an_emergency_is_part_of_the_snapshot(world: World) -> None:
    """I8, R47: tokens of a compromised key in the global revocation are refused without a read for each request."""
    world.feed.copy = Revocation(GLOBAL, expires_at=NOW + 9999, compromised_kids={"stolen"})
    world.pass_time(BOUND / 2)
    assert world.cache.find(WANTED) == (world.feed.copy,)
    assert world.asked == 1


def test_a_later_read_begins_where_the_last_one_did(world: World) -> None:
    """P8: only the first read goes back over the whole life of a token."""
    world.pass_time(BOUND / 2)
    world.revoked()
    assert world.feed.reads == [NOW - LIFETIME - FEED_OVERLAP, NOW - FEED_OVERLAP]


def test_a_request_that_asks_for_itself_says_why(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """One line names the fault that took the snapshot away; one below the bound names the view that is not renewed."""
    world.feed.fault = (0, Throttled("slow down"))
    world.pass_time(BOUND / 2)
    world.revoked()
    world.pass_time(BOUND / 2)
    world.revoked()
    old, none = log_lines(capsys.readouterr().out)
    fault = {"level": "WARN", "fault": "Throttled", "detail": "slow down"}
    assert old == fault | {"event": "view_not_refreshed", "view": "feed of revocations"}
    assert none == fault | {"event": "strict_instead_of_snapshot"}


def test_a_store_that_failed_within_a_second_is_asked_for_the_requests_own(world: World) -> None:
    """R61: after a second there is time for one wait more."""
    world.feed.fault = (0, StoreUnavailable("time-out"))
    world.feed.takes = 1.0
    world.pass_time(BOUND)
    assert not world.revoked()
    assert world.asked == 2


def test_a_store_that_was_waited_for_in_vain_is_not_asked_again_in_the_same_request(world: World) -> None:
    """R61: two waits would take longer than the function may run."""
    world.feed.fault = (0, StoreUnavailable("time-out"))
    world.feed.takes = 1.5
    world.pass_time(BOUND)
    with pytest.raises(StoreUnavailable):
        world.revoked()
    assert world.asked == 1


def test_after_a_refresh_that_failed_none_is_tried_for_a_second(world: World) -> None:
    """Degraded requests are as fast as others: only one in a second waits for the store."""
    world.feed.fault = (0, StoreUnavailable("down"))
    world.pass_time(BOUND / 2)
    for _ in range(3):
        world.revoked()
        world.pass_time(0.3)
    assert len(world.feed.reads) == 2
    world.pass_time(0.2)
    world.revoked()
    assert len(world.feed.reads) == 3


def test_it_recovers_by_itself(world: World) -> None:
    """When the feed answers again, snapshots decide again, and nothing that was written meanwhile is missed."""
    world.feed.fault = (0, Throttled("slow down"))
    world.pass_time(BOUND)
    world.feed.write(JTI)
    world.revoked()
    world.feed.fault = None
    world.pass_time(600)
    assert world.revoked()
    asked = world.asked
    assert world.revoked()
    assert world.asked == asked


@pytest.mark.parametrize("position", range(4))
def test_a_feed_that_breaks_off_loses_nothing(world: World, position: int) -> None:
    """After a failure on any page, the next read begins where the last whole one did."""
    for number in range(3):
        world.feed.write(Target.of(TargetKind.TOKEN, str(number)))
    world.feed.write(JTI)
    world.feed.fault = (position, StoreUnavailable("down"))
    world.pass_time(BOUND / 2)
    assert not world.revoked()
    world.feed.fault = None
    world.pass_time(1.0)
    assert world.revoked()


@pytest.mark.parametrize("clock", ["wall", "monotonic"])
def test_the_clock_that_went_further_counts(world: World, clock: str) -> None:
    """A sandbox that was frozen, or whose clock was set ahead, does not decide by what it read before."""
    world.feed.write(JTI)
    setattr(world, clock, getattr(world, clock) + 1000)
    assert world.revoked()


def test_a_wall_clock_that_went_back_makes_a_snapshot_useless(world: World) -> None:
    """Nobody knows how old it is: the feed is read again."""
    world.wall -= 1
    world.revoked()
    assert len(world.feed.reads) == 2


def test_a_damaged_feed_makes_every_request_ask(world: World) -> None:
    """An item that nobody can read may revoke anything: until the feed is in order again requests ask one by one."""
    world.strict.store(Revocation(SUBJECT, expires_at=NOW + 9999, not_before=NOW))
    world.feed.fault = (0, ItemDamaged("no target"))
    world.pass_time(BOUND)
    assert world.revoked()
    reads = len(world.feed.reads)
    world.pass_time(59)
    assert world.revoked()
    assert len(world.feed.reads) == reads
    world.feed.fault = None
    world.pass_time(1)
    world.revoked()
    assert len(world.feed.reads) == reads + 1


def test_too_many_revocations_make_every_request_ask(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Over the limit a sandbox stays strict, in bounded memory, and says so."""
    monkeypatch.setattr(revocation_snapshot, "MAX_REVOCATIONS", 10)
    for number in range(1000):
        world.feed.write(Target.of(TargetKind.TOKEN, str(number)))
    world.pass_time(BOUND)
    before = world.asked
    for _ in range(3):
        world.revoked()
    assert world.asked - before == 3
    world.metrics.write()
    measured = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (measured["StrictDecisions"], measured["RefreshFailures"]) == (4, 1)


def test_a_read_that_takes_longer_than_the_bound_is_no_snapshot(world: World) -> None:
    """R47: the age counts from before the read."""
    world.feed.takes = BOUND + 1
    world.pass_time(BOUND)
    with pytest.raises(StoreUnavailable, match="took 10 s or longer"):
        world.revoked()


def test_age_size_and_failures_are_measured(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """The oldest view that decided, in percent of the bound, the live revocations, and the refreshes that failed."""
    world.feed.write(JTI)
    world.pass_time(BOUND / 2)
    world.revoked()
    world.feed.fault = (0, StoreUnavailable("down"))
    world.pass_time(BOUND * 0.9)
    world.revoked()
    capsys.readouterr()
    world.metrics.write()
    measured = json.loads(capsys.readouterr().out)
    names = ("OldestView", "RefreshFailures", "StrictDecisions")
    assert [round(measured[name]) for name in names] == [90, 1, 1]
    units = {each["Name"]: each["Unit"] for each in measured["_aws"]["CloudWatchMetrics"][0]["Metrics"]}
    assert (units["OldestView"], units["RefreshFailures"]) == ("Percent", "Count")


def test_the_oldest_view_of_a_minute_is_measured(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """A view that was old for one request shows among younger ones; each line begins anew."""
    measured = []
    for ages in ((0.4, 0.2), (0.1,), ()):
        for passed in ages:
            world.pass_time(BOUND * passed)
            world.revoked()
        capsys.readouterr()
        world.metrics.write()
        measured.append(json.loads(capsys.readouterr().out).get("OldestView"))
    assert measured == [40.0, 10.0, None]


def test_live_revocations_are_measured_by_kind(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """Each line counts the held revocations by kind, from any writer; a kind without any is 0."""
    for target in (JTI, Target.of(TargetKind.TOKEN, "another"), SUBJECT):
        world.feed.write(target)
    world.pass_time(BOUND / 2)
    world.revoked()
    capsys.readouterr()
    world.metrics.write()
    measured = json.loads(capsys.readouterr().out)
    live = {name.removeprefix("LiveRevocations"): each for name, each in measured.items() if name.startswith("Live")}
    assert live == {"": 3, "Jti": 2, "Sub": 1, "Gid": 0, "Sid": 0, "Client": 0, "Pair": 0, "Global": 0}
