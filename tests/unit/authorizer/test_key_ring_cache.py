"""The age at which public keys are renewed, and at which they are refused."""

from __future__ import annotations

import pytest

from authorizer.key_ring_cache import KeyRingCache
from authorizer.metrics import Metrics
from authorizer.revocation_bound import RevocationBound
from keyturn.domain.errors import AccessDenied, ItemDamaged, KeyRingMissing, KeyturnError, StoreUnavailable, Throttled
from keyturn.domain.keys.key_ring import KeyState
from tests.fakes.log_lines import log_lines
from tests.fakes.sandbox_time import sandbox_time
from tests.fakes.stub_key_ring import StubKeyRingReader, ring_of
from tests.fakes.token_factory import NOW, signing_key

BOUND = 10


class World:
    """A cache, its reader, and the two clocks that a test moves."""

    def __init__(self) -> None:
        self.wall = float(NOW)
        self.monotonic = 50.0
        self.reader = StubKeyRingReader(ring_of())
        time = sandbox_time(lambda: self.wall, lambda: self.monotonic)
        self.cache = KeyRingCache(self.reader, RevocationBound(BOUND, time, Metrics("a", time)))

    def pass_time(self, seconds: float) -> None:
        self.wall += seconds
        self.monotonic += seconds


@pytest.fixture
def world() -> World:
    world = World()
    world.cache.keys()
    return world


def test_first_use_reads() -> None:
    """The first decision of a sandbox reads the ring, and sees its published keys."""
    world = World()
    assert world.cache.keys().kids == {signing_key().kid}
    assert world.reader.reads == 1


@pytest.mark.parametrize("fault", [StoreUnavailable("x"), Throttled("x"), AccessDenied("x"), KeyRingMissing("x")])
def test_first_use_without_an_answer_is_a_fault(fault: KeyturnError) -> None:
    """Without keys there is no decision, and the next request tries again."""
    world = World()
    world.reader.fault = fault
    with pytest.raises(type(fault)):
        world.cache.keys()
    world.reader.fault = None
    assert len(world.cache.keys()) == 1


def test_young_keys_are_used_without_a_read(world: World) -> None:
    """Below half of the bound nothing is read."""
    world.pass_time(BOUND / 2 - 0.001)
    world.cache.keys()
    assert world.reader.reads == 1


def test_keys_are_renewed_from_half_of_the_bound_on(world: World) -> None:
    """R07: at half of the bound the ring is read again, and a new key is seen."""
    world.reader.ring = ring_of(signing_key("ES256", "second"), signing_key())
    world.pass_time(BOUND / 2)
    assert world.cache.keys().kids == {signing_key("ES256", "second").kid, signing_key().kid}
    assert world.reader.reads == 2


def test_keys_of_all_rings_are_seen(world: World) -> None:
    """Tokens of every ring are verified: which ring signs for an audience is the issuer's matter."""
    other = signing_key("Ed25519")
    world.reader.others = (ring_of(other).replace(name="Ed25519"),)
    world.wall = world.monotonic = world.wall + BOUND
    assert world.cache.keys().kids == {signing_key().kid, other.kid}


def test_destroyed_key_leaves_with_the_next_read(world: World) -> None:
    """A key that is no longer published is missing from the next read."""
    compromised = world.reader.ring.keys[0].replace(state=KeyState.COMPROMISED)
    world.reader.ring = world.reader.ring.with_key(compromised)
    world.pass_time(BOUND / 2)
    assert len(world.cache.keys()) == 0


def test_old_keys_decide_below_the_bound(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """R47: while the ring cannot be read, the keys in hand decide below the bound, and a line says so."""
    world.reader.fault = StoreUnavailable("DynamoDB GetItem: TimeoutError")
    world.pass_time(BOUND - 0.001)
    assert len(world.cache.keys()) == 1
    [line] = log_lines(capsys.readouterr().out)
    assert line == {
        "level": "WARN",
        "event": "view_not_refreshed",
        "view": "key rings",
        "fault": "StoreUnavailable",
        "detail": "DynamoDB GetItem: TimeoutError",
    }


def test_old_keys_decide_nothing_at_the_bound(world: World) -> None:
    """R47: at the bound, keys that could not be renewed are a fault, and the cache recovers by itself."""
    world.reader.fault = StoreUnavailable("x")
    world.pass_time(BOUND)
    with pytest.raises(StoreUnavailable):
        world.cache.keys()
    world.reader.fault = None
    assert len(world.cache.keys()) == 1


def test_old_keys_decide_nothing_at_the_bound_while_no_refresh_is_tried(world: World) -> None:
    """R47: right after a failed refresh, keys at the bound are read again; without an answer they decide nothing."""
    world.reader.fault = StoreUnavailable("x")
    world.pass_time(BOUND - 0.5)
    world.cache.keys()
    world.pass_time(0.5)
    with pytest.raises(StoreUnavailable):
        world.cache.keys()


def test_age_counts_from_before_the_read(world: World) -> None:
    """R47: a slow answer is as old as its question."""
    world.reader.before = lambda: world.pass_time(3)
    world.pass_time(BOUND / 2)
    world.cache.keys()
    world.reader.before = lambda: None
    world.pass_time(1.999)
    world.cache.keys()
    assert world.reader.reads == 2
    world.pass_time(0.001)
    world.cache.keys()
    assert world.reader.reads == 3


@pytest.mark.parametrize("fails", [True, False])
def test_time_that_a_read_takes_counts(world: World, fails: bool) -> None:
    """R47: keys whose read took until the bound decide nothing, also if the read succeeded."""
    world.pass_time(BOUND / 2)
    world.reader.before = lambda: world.pass_time(BOUND / 2 if fails else BOUND)
    world.reader.fault = StoreUnavailable("x") if fails else None
    with pytest.raises(StoreUnavailable):
        world.cache.keys()


def test_monotonic_clock_alone_makes_keys_old(world: World) -> None:
    """A wall clock that stands still does not keep the keys young."""
    world.monotonic += BOUND / 2
    world.cache.keys()
    assert world.reader.reads == 2


def test_wall_clock_alone_makes_keys_old(world: World) -> None:
    """A monotonic clock that stood still in a frozen sandbox does not keep the keys young."""
    world.wall += BOUND / 2
    world.cache.keys()
    assert world.reader.reads == 2


def test_wall_clock_that_went_back_makes_keys_infinitely_old(world: World) -> None:
    """R47: a wall clock set back says nothing about the age: the ring is read before a decision."""
    world.wall -= 0.001
    world.cache.keys()
    assert world.reader.reads == 2
    world.wall -= 600
    world.reader.fault = StoreUnavailable("x")
    with pytest.raises(StoreUnavailable):
        world.cache.keys()


@pytest.mark.parametrize("set_by", [-0.5, 3600.0])
def test_keys_that_were_too_old_stay_refused(world: World, set_by: float) -> None:
    """R47: keys that were too old stay refused when a wall clock passes the time of the read again."""
    world.wall += set_by
    world.reader.fault = StoreUnavailable("down")
    for passed in (0.0, 1.0 - set_by if set_by > 0 else 1.0, 0.5):
        world.wall += passed
        with pytest.raises(StoreUnavailable):
            world.cache.keys()
    world.reader.fault = None
    assert world.cache.keys()


def test_ring_with_a_weak_key_is_damaged(world: World) -> None:
    """R09: a ring whose JWKS the verifier refuses is a fault once the last good keys are too old."""
    [key] = world.reader.ring.keys
    world.reader.ring = world.reader.ring.with_key(key.replace(jwk={**key.jwk, "use": "enc"}))
    world.pass_time(BOUND)
    with pytest.raises(ItemDamaged, match=r"^the key rings: "):
        world.cache.keys()


def test_unchanged_keys_are_not_parsed_again(world: World) -> None:
    """A read that brings the same keys keeps the key set, prepared as it is."""
    before = world.cache.keys()
    world.pass_time(BOUND / 2)
    assert world.cache.keys() is before
