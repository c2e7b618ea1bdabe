"""The real planner and rotator under any sequence of events: crashes, rivals, throttling, clocks, stale caches.

Two issuers sign by cached rings, and verifiers keep the JWKS that an issuer served. The rotator is interrupted before
or after any of its calls. After every event the invariants hold: I1 to I3, I5, I6, I8 to I10.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import NamedTuple

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from key_rotator.rotation import Rotator
from keyturn.domain.errors import KeyturnError, StoreUnavailable, Throttled
from keyturn.domain.keys.key_ring import PUBLISHED_STATES, KeyRing, KeyState
from tests.fakes.interruption import Crash, Interruption
from tests.fakes.moto_rotation import MotoRotationHarness
from tests.fakes.rotation_harness import INTENT_TIMEOUT, LEAD, RETENTION, RotationHarness

ISSUERS = st.integers(0, 1)
POINTS = st.none() | st.integers(0, 25)
FAULTS = st.sampled_from([Crash, lambda: StoreUnavailable("no answer"), lambda: Throttled("slow down")])
DURATIONS = st.sampled_from([1, 10, 59, 60, 61, 300, 600, INTENT_TIMEOUT, LEAD, RETENTION]) | st.integers(1, 3000)


class Seen(NamedTuple):
    """A ring, and when it was read."""

    ring: KeyRing
    at: float


class Token(NamedTuple):
    """A token that somebody holds; `known` says whether every cache had the time to learn its key."""

    kid: str
    expires_at: float
    known: bool


class Rotation(RuleBasedStateMachine):
    """The world around one ring, with room for more keys than rotations make: lead and retention alone are tried."""

    MAX_PUBLISHED_KEYS = 8
    WORLD: type[RotationHarness] = RotationHarness

    def __init__(self) -> None:
        """Begin with a ring at rest, which everybody has seen."""
        super().__init__()
        self.world = self.WORLD(max_published_keys=self.MAX_PUBLISHED_KEYS, rotation_period=RETENTION)
        self.world.start()
        self.policy = self.world.policy
        self.issuers = [self._look(), self._look()]
        self.caches = [self._look()]
        self.tokens: list[Token] = []
        self.checked = 0
        self.kids_of_old: set[str] = set()
        self.compromised: set[str] = set()
        self.disabled_by_hand: set[str] = set()

    @property
    def now(self) -> float:
        """Service time, as all of them know it."""
        return self.world.clock.seconds

    def _look(self) -> Seen:
        return Seen(self.world.ring, self.world.clock.seconds)

    # ----- what can happen

    @rule(seconds=DURATIONS)
    def time_passes(self, seconds: int) -> None:
        """Nobody does anything for a while: a schedule may be late."""
        self.world.pass_time(seconds)

    @rule(at=POINTS, fault=FAULTS)
    def a_tick_runs(self, at: int | None, fault: Callable[[], BaseException]) -> None:
        """The schedule fires; the run may end, or a call fail, anywhere."""
        self._run(Rotator.tick, at, fault)

    @rule(at=POINTS, fault=FAULTS)
    def the_operator_rotates(self, at: int | None, fault: Callable[[], BaseException]) -> None:
        """A rotation is asked for, at any time."""
        self._run(Rotator.rotate, at, fault)

    @rule(at=st.integers(0, 25))
    def two_ticks_meet(self, at: int) -> None:
        """A second run begins and ends in the middle of a first one (I5)."""
        interruption = Interruption()
        count = iter(range(1_000))

        def meet(_where: str) -> None:
            if next(count) == at:
                with contextlib.suppress(KeyturnError):
                    self.world.rotator().tick()

        interruption.pass_point = meet  # type: ignore[method-assign, assignment]
        with contextlib.suppress(KeyturnError):
            self.world.rotator(interruption).tick()

    @rule(which=st.integers(0, 9), at=POINTS, fault=FAULTS)
    def a_key_is_compromised(self, which: int, at: int | None, fault: Callable[[], BaseException]) -> None:
        """An emergency is declared of any key of the ring (I8)."""
        keys = self.world.ring.keys
        kid = keys[which % len(keys)].kid
        self._run(lambda rotator: rotator.compromise(kid, reason="leak", actor="ann"), at, fault)

    @rule(which=st.sampled_from([KeyState.ACTIVE, KeyState.PRE_ACTIVATION]))
    def somebody_disables_a_key(self, which: KeyState) -> None:
        """An administrator disables a key in KMS, for whatever reason."""
        for key in self.world.in_state(which):
            self.disabled_by_hand.add(key.arn)
            self.world.kms.disable(key.arn)

    @rule(offset=st.sampled_from([0.0, 0.0, 299.0, -299.0, 400.0, -86_400.0]))
    def the_rotators_clock_is_off(self, offset: float) -> None:
        """The rotator's machine has another time than DynamoDB (I7)."""
        self.world.local_offset = offset

    @rule(spread=st.sampled_from([0.0, 0.5, 3.0]))
    def time_is_uncertain(self, spread: float) -> None:
        """Answers with the time arrive late."""
        self.world.clock.spread = spread

    @rule(issuer=ISSUERS)
    def an_issuer_reads_the_ring(self, issuer: int) -> None:
        """An issuer's view is new again."""
        self.issuers[issuer] = self._look()

    @rule(issuer=ISSUERS)
    def an_issuer_signs(self, issuer: int) -> None:
        """An issuer signs by a cached ring that is young enough, with an unmarked key that KMS allows (I10)."""
        view = self.issuers[issuer]
        active = [key for key in view.ring.keys if key.state is KeyState.ACTIVE]
        if self.now - view.at > self.policy.ring_view or not active:
            return
        key = active[0]
        if self.compromised and key.kid in self.world.store.global_kids:
            return
        if self.world.kms.made[key.arn].state == "Enabled":
            first = self.world.store.history[1].keys or view.ring.keys
            known = key.kid == first[0].kid or self.now - key.published_at >= self.policy.publish_lead
            excused = view.ring.compromises or self.disabled_by_hand
            assert known or excused, "I1: it signs before every cache can know it"
            self.tokens.append(Token(key.kid, self.now + self.policy.max_token_lifetime, known))

    @rule()
    def everybody_looks(self) -> None:
        """All views are new at once, and a verifier has what is published now."""
        self.issuers = [self._look(), self._look()]
        self.caches.append(self._look())

    @rule(issuer=ISSUERS)
    def a_verifier_fetches(self, issuer: int) -> None:
        """A verifier caches the JWKS of an issuer whose view is good."""
        view = self.issuers[issuer]
        if self.now - view.at <= self.policy.ring_view:
            self.caches.append(Seen(view.ring, self.now))

    def _run(self, action: Callable[[Rotator], object], at: int | None, fault: Callable[[], BaseException]) -> None:
        if at is not None and isinstance(fault(), Throttled):
            at -= at % 2  # a throttled call fails before its effect, never after it
        with contextlib.suppress(Crash, KeyturnError):
            action(self.world.rotator(Interruption(at, fault)))

    # ----- what holds

    @precondition(lambda self: self.tokens)
    @invariant()
    def no_live_token_is_refused(self) -> None:
        """I1, I2: a token that lives, of a key that nobody compromised, verifies by every cache that may be used."""
        self.tokens = [token for token in self.tokens if self.now < token.expires_at + self.policy.leeway]
        longest = self.policy.verifier_cache + self.policy.jwks_max_age
        self.caches = [cache for cache in self.caches if self.now - cache.at <= longest]
        for token in self.tokens:
            if token.known and token.kid not in self.compromised:
                for cache in self.caches:
                    assert token.kid in {key.kid for key in cache.ring.published()}, (token, cache.at, self.now)

    @invariant()
    def every_version_is_sound(self) -> None:
        """I3, I6, I8, I9: each version of the ring that a reader could have seen, in the order of writing."""
        history = self.world.store.history
        for ring in history[self.checked :]:
            active = [key for key in ring.keys if key.state is KeyState.ACTIVE]
            assert len(active) == 1 or (not active and (ring.compromises or ring.version < 5)), "I3"
            assert len(ring.published()) <= self.policy.max_published_keys, "I9"
            for key in ring.keys:
                if key.state not in PUBLISHED_STATES:
                    self.kids_of_old.add(key.kid)
                assert key.kid not in self.kids_of_old or key.state not in PUBLISHED_STATES, "I9: a kid came back"
                if key.state is KeyState.COMPROMISED:
                    self.compromised.add(key.kid)
                assert key.kid not in self.compromised or key.state is KeyState.COMPROMISED, "I8: it was undone"
        self.checked = len(history)

    @invariant()
    def what_is_published_can_be_used(self) -> None:
        """I6, I8: KMS disables nothing that is in the JWKS, and every authorizer knows each compromised key."""
        ring = self.world.ring
        for key in ring.published():
            assert key.arn in self.disabled_by_hand or self.world.kms.made[key.arn].state == "Enabled", "I6"
        for key in ring.keys:
            assert key.disabled_at is None or self.world.kms.made[key.arn].state != "Enabled", "I6"
        assert not self.compromised or self.compromised <= self.world.store.global_kids, "I8"

    def teardown(self) -> None:
        """The ring comes to rest after all events."""
        try:
            self._come_to_rest()
        finally:
            self.world.close()

    def _come_to_rest(self) -> None:
        """Ticks lead back to an active key and a standby, and nothing else that can sign (I4)."""
        self.world.local_offset = 0.0
        for _ in range(12):
            self.world.pass_time(LEAD)
            with contextlib.suppress(KeyturnError):
                self.world.rotator().tick()
        self.every_version_is_sound()
        assert self.world.only(KeyState.ACTIVE)
        assert self.world.only(KeyState.PRE_ACTIVATION)
        usable = {arn for arn, made in self.world.kms.made.items() if made.state == "Enabled"}
        assert usable == {key.arn for key in self.world.ring.published()}, "I4: a key that nobody knows can sign"


class CrowdedRotation(Rotation):
    """The same in a JWKS that is often full (I9)."""

    MAX_PUBLISHED_KEYS = 3


class RotationOnAws(CrowdedRotation):
    """The same through the real adapters, on moto: each condition of a write is DynamoDB's."""

    WORLD = MotoRotationHarness


TestRotation = Rotation.TestCase
TestCrowdedRotation = CrowdedRotation.TestCase
TestRotationOnAws = RotationOnAws.TestCase
# The same sequences in each `make test`; `make fuzz` tries many others.
LONG = settings.get_current_profile_name() == "long"
TestRotation.settings = TestCrowdedRotation.settings = settings(
    max_examples=5_000 if LONG else 100, stateful_step_count=60, deadline=None, derandomize=not LONG
)
TestRotationOnAws.settings = settings(
    max_examples=300 if LONG else 2, stateful_step_count=40, deadline=None, derandomize=not LONG
)
