"""A fake key ring reader with counted reads, a delay and a fault on demand."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from keyturn.domain.keys.key_ring import DEFAULT_RING, RING_NAMES, KeyRing, KeyState, RingKey
from tests.fakes.token_factory import NOW, SigningKey, signing_key


def ring_of(*keys: SigningKey) -> KeyRing:
    """Return a ring whose first key is active and whose others only verify; by default of the default key."""
    states = [KeyState.ACTIVE] + [KeyState.DEACTIVATED] * len(keys)
    return KeyRing(
        name=DEFAULT_RING,
        version=1,
        keys=[_ring_key(key, state) for key, state in zip(keys or (signing_key(),), states, strict=False)],
        longest_lifetime=3600,
    )


def _ring_key(key: SigningKey, state: KeyState) -> RingKey:
    return RingKey(
        kid=key.kid,
        arn=f"arn:aws:kms:eu-central-1:123456789012:key/{key.kid}",
        algorithm=key.algorithm,
        jwk=key.jwk,
        state=state,
        created_at=NOW - 100,
        published_at=NOW - 100,
    )


class StubKeyRingReader:
    """A KeyRingReader, also by names, that answers `ring` and then `others`, or raises `fault`.

    `before` runs within each read, as time would pass.
    """

    def __init__(self, ring: KeyRing) -> None:
        self.ring = ring
        self.others: tuple[KeyRing, ...] = ()
        self.fault: Exception | None = None
        self.before: Callable[[], None] = lambda: None
        self.reads = 0

    def load_all(self) -> tuple[KeyRing, ...]:
        """Answer, or fail."""
        return self.load(RING_NAMES)

    def load(self, names: Iterable[str]) -> tuple[KeyRing, ...]:
        """Answer with the rings of these names, or fail."""
        self.reads += 1
        self.before()
        if self.fault is not None:
            raise self.fault
        return tuple(ring for ring in (self.ring, *self.others) if ring.name in names)
