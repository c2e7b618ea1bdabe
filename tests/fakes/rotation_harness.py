"""A rotator on fakes, whose time passes when a test says so."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import Any

from key_rotator.rings import Rings
from key_rotator.rotation import Rotator
from keyturn.domain.keys.key_ring import RING_NAMES, KeyRing, KeyState, RingKey
from keyturn.domain.keys.key_rotation import Action
from keyturn.domain.keys.rotation_policy import RotationPolicy
from tests.fakes.interruption import Interruption
from tests.fakes.memory_key_ring import MemoryKeyRing
from tests.fakes.memory_kms import MemoryKms
from tests.fakes.stepped_clock import SteppedClock

LEAD = 1000
RETENTION = 2000
PERIOD = 10_000
INTENT_TIMEOUT = 900


def rotation_policy(**changes: Any) -> RotationPolicy:
    """Return durations that hold together, with changes."""
    rules: dict[str, Any] = {
        "algorithm": "ES256",
        "access_token_lifetime": 300,
        "max_token_lifetime": 600,
        "leeway": 10,
        "ring_view": 60,
        "verifier_cache": 600,
        "jwks_max_age": 300,
        "publish_lead": LEAD,
        "retention": RETENTION,
        "rotation_period": PERIOD,
        "intent_timeout": INTENT_TIMEOUT,
        "deletion_window_days": 30,
        "max_published_keys": 3,
    }
    return RotationPolicy(**(rules | changes))


class RotationHarness:
    """The ports and a rotator on them; `local_offset` seconds are between this machine's clock and service time."""

    def __init__(self, **policy: Any) -> None:
        self.store = MemoryKeyRing()
        self.clock = SteppedClock()
        self.kms = MemoryKms(now=lambda: self.clock.seconds)
        self.local_offset = 0.0
        self.policy = rotation_policy(**policy)
        self._nonces = count()

    def rotator(self, interruption: Interruption | None = None, **changes: Any) -> Rotator:
        """Return a rotator, whose calls to the ports may be interrupted."""
        wrap = (interruption or Interruption()).wrap
        rotator = Rotator(
            store=wrap(self.store),
            keys=wrap(self.kms),
            clock=self.clock,
            policy=self.policy,
            local_time=lambda: self.clock.seconds + self.local_offset,
            new_nonce=lambda: f"nonce-{next(self._nonces)}",
        )
        return replace(rotator, **changes)

    def rings(self, *algorithms: str) -> Rings:
        """Return the rotators of the default ring and of those of other algorithms, of which these are in use."""
        default = self.rotator()
        others = [
            replace(default, ring_name=name, policy=replace(self.policy, algorithm=name, in_use=name in algorithms))
            for name in RING_NAMES[1:]
        ]
        return Rings((default, *others))

    @property
    def ring(self) -> KeyRing:
        """The ring as it is."""
        return self.store.ring

    def in_state(self, state: KeyState) -> list[RingKey]:
        """Return the keys in a state."""
        return [key for key in self.ring.keys if key.state is state]

    def only(self, state: KeyState) -> RingKey:
        """Return the one key in a state."""
        [key] = self.in_state(state)
        return key

    def pass_time(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.seconds += seconds

    def close(self) -> None:
        """End; fakes have nothing to end."""

    def start(self) -> None:
        """Make the ring as the custom resource does, and let the standby grow old enough."""
        self.rotator().create_ring().check()
        self.pass_time(LEAD)

    def applied(self, rotator: Rotator | None = None) -> list[Action]:
        """Return what a tick does."""
        return [step.action for step in (rotator or self.rotator()).tick().applied]
