"""The authorizer asks for the rings that it knows, and decides as one that always asks for all.

Rings appear, vanish, are damaged and lose their key in an emergency, and the clocks of the sandbox go wrong.
The judge knows what a read of all names would have found, and true time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from authorizer import key_ring_cache
from keyturn.adapters.aws.attribute_values import encode_item
from keyturn.adapters.keys.key_ring_item import ring_to_item
from keyturn.domain.keys.key_ring import KeyState
from tests.fakes.clock_world import EVENTS, ClockWorld, Moment, Step, environment
from tests.fakes.stub_key_ring import ring_of
from tests.fakes.token_factory import signing_key
from tests.property.test_frozen_clocks import FAULTS, HEALTHY, SKEWS, steps_of, tolerance

EXAMPLES = 2_000 if settings().max_examples > 10_000 else 30
REQUESTS = 30
LOOK = 60
ALL = frozenset({"default", "RS256", "PS256", "ES256", "Ed25519"})
KEYS = {name: signing_key("Ed25519", name) for name in ("default", "ES256", "Ed25519")}
# The first outcomes of a ring are the usual ones.
STATES = ("signs", "signs", "absent", "compromised", "damaged")


def _item(name: str, state: str) -> dict[str, Any]:
    ring = ring_of(KEYS[name]).replace(name=name)
    if state == "compromised":
        ring = ring.with_key(ring.keys[0].replace(state=KeyState.COMPROMISED))
    return encode_item(ring_to_item(ring) | ({"v": 9} if state == "damaged" else {}))


_ITEMS = {(name, state): _item(name, state) for name in KEYS for state in set(STATES) - {"absent"}}


class RingRead(NamedTuple):
    """A read of rings: its moment, the names asked for, and the states of all rings at that time.

    `received` is the true time at which API Gateway received the request.
    """

    moment: Moment
    received: float
    asked: frozenset[str]
    states: Mapping[str, str]

    @property
    def succeeds(self) -> bool:
        """Whether the default ring was there, and no ring that was asked for was damaged."""
        return self.states["default"] != "absent" and all(self.states.get(name) != "damaged" for name in self.asked)


class RingWorld(ClockWorld):
    """A sandbox whose table of rings changes; `reads` are its successful reads of rings."""

    def __init__(self, mode: str, skew: tuple[float, float] = (0.0, 0.0)) -> None:
        super().__init__(mode, skew=skew)
        self.states = {"default": "signs", "ES256": "absent", "Ed25519": "absent"}
        self.reads: list[RingRead] = []
        self.failed = False

    def body(self, name: tuple[str, str], request: Mapping[str, Any]) -> bytes:
        """Return the body of an answer: that of the key rings has the items that were asked for."""
        if name != ("BatchGetItem", "rings"):
            return super().body(name, request)
        asked = [key["pk"]["S"].removeprefix("ring#") for key in request["RequestItems"]["rings"]["Keys"]]
        items = [_ITEMS[each, self.states[each]] for each in asked if self.states.get(each, "absent") != "absent"]
        read = RingRead(self.read["rings"], self.present.true, frozenset(asked), dict(self.states))
        if read.succeeds:
            self.reads.append(read)
        self.failed = not read.succeeds
        return json.dumps({"Responses": {"rings": items}, "UnprocessedKeys": {}}).encode()

    def absences(self, name: str) -> Iterable[RingRead]:
        """Return the reads without this ring, from the last read of all names on."""
        for read in reversed(self.reads):
            if read.states[name] == "absent":
                yield read
            if read.asked == ALL:
                return


class Event(NamedTuple):
    """A change of one ring, and then a request with a token of one ring."""

    step: Step
    ring: str
    state: str
    signer: str


STEPS = steps_of(
    wait=[0.3, 0.98, 1.01, 2.0, 2.1, 5.0, 30.0, 57.0, 59.0, 61.0, 3600.0],
    fault=[HEALTHY] * 3 + list(FAULTS),
    kind=EVENTS,
    outage=[False, False, False, True],
    latency=[0.0, 0.01, 0.2],
)
RINGS = st.sampled_from(sorted({*KEYS}))
ADDED = st.sampled_from(["ES256", "Ed25519", "default", "ES256", "Ed25519"])
EVENTS_OF_RINGS = st.tuples(STEPS, ADDED, st.sampled_from(STATES), RINGS).map(lambda drawn: Event(*drawn))
ANY_WORLD: dict[str, st.SearchStrategy[Any]] = {
    "events": st.lists(EVENTS_OF_RINGS, min_size=REQUESTS, max_size=REQUESTS),
    "skew": SKEWS,
}


def judge(world: RingWorld, event: Event, outcome: str) -> None:
    """Raise AssertionError for a decision by other keys than those of a reader of all names."""
    if outcome in ("StoreUnavailable", "AccessDenied", "KeyRingMissing", "ItemDamaged"):
        assert world.failed or event.step.outage or event.step.fault != HEALTHY, outcome
        return
    read = world.reads[-1]
    is_used = outcome != "unknown_key"
    if is_used != (read.states[event.signer] == "signs"):
        assert not is_used, "a key that a read of all names does not find is in use"
        assert any(world.absences(event.signer)), "a known ring is missing"
    complete = next(each for each in reversed(world.reads) if each.asked == ALL)
    since = read.received - complete.moment.true
    assert since < LOOK + tolerance(complete.moment, read.moment, since), ("absent rings", since)


def drive(mode: str, events: list[Event], skew: tuple[float, float]) -> None:
    """Run one sandbox, and judge each of its decisions."""
    with environment():
        world = RingWorld(mode, skew)
        for event in events:
            world.states[event.ring], world.key, world.failed = event.state, KEYS[event.signer], False
            judge(world, event, world.decide(event.step).outcome)


@pytest.mark.parametrize("mode", ["snapshot", "strict"])
def test_known_rings_are_as_good_as_all_rings(mode: str) -> None:
    """R47, I8: no decision differs from that by all rings, except for a ring that was absent within the last minute."""

    @settings(max_examples=EXAMPLES, deadline=None, derandomize=EXAMPLES < 1000)
    @given(**ANY_WORLD)
    def hold(events: list[Event], skew: tuple[float, float]) -> None:
        drive(mode, events, skew)

    hold()


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("ABSENT_PERIOD", 90.0),
        ("age", lambda since, now: 0.0 if since else 60.0),
        ("age", lambda since, now: now.monotonic - since.monotonic if since else 60.0),
        ("RING_NAMES", ("default", "Ed25519")),
    ],
)
def test_a_reader_that_looks_too_seldom_is_found(
    monkeypatch: pytest.MonkeyPatch, name: str, fault: float | Callable[..., float] | tuple[str, ...]
) -> None:
    """R47: a longer period, a forgotten look, a clock that stood still and a forgotten name are each found."""
    monkeypatch.setattr(key_ring_cache, name, fault)

    @settings(max_examples=300, deadline=None, derandomize=True, database=None, phases=[Phase.generate])
    @given(**ANY_WORLD)
    def hold(events: list[Event], skew: tuple[float, float]) -> None:
        drive("snapshot", events, skew)

    with pytest.raises((AssertionError, StopIteration)):
        hold()
