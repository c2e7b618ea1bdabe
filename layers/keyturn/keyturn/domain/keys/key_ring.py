"""The key ring: the signing keys of one ring, with their states and the times of their changes, as one value.

`key_transition` describes the life cycle. All times are service time in whole seconds since the epoch.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from keyturn.domain.errors import ItemDamaged, NoActiveKey

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

# The algorithms that KMS signs with and a ring can have (RFC 7518 §3.1, RFC 9864 §2.2).
SIGNING_ALGORITHMS = ("RS256", "PS256", "ES256", "Ed25519")
DEFAULT_RING = "default"
# One ring for each algorithm: it signs for the audiences that need another algorithm than the default ring's.
RING_NAMES = (DEFAULT_RING, *SIGNING_ALGORITHMS)
# The limit for all rings together: an Application Load Balancer reads at most so many keys of a JWKS.
MAX_JWKS_KEYS = 10


class KeyState(enum.StrEnum):
    """The states of a signing key (NIST SP 800-57 part 1 §7)."""

    PRE_ACTIVATION = "PRE_ACTIVATION"  # in the JWKS, does not sign yet: the standby
    ACTIVE = "ACTIVE"  # in the JWKS, signs
    DEACTIVATED = "DEACTIVATED"  # in the JWKS, verifies tokens that it signed before
    DESTROYED = "DESTROYED"  # out of the JWKS, then disabled, then scheduled for deletion
    COMPROMISED = "COMPROMISED"  # out of the JWKS at once and forever, then disabled and deleted as well


PUBLISHED_STATES = frozenset({KeyState.PRE_ACTIVATION, KeyState.ACTIVE, KeyState.DEACTIVATED})


class _Value:
    """A part of a ring; two parts of the same type are equal if their fields are."""

    __slots__: tuple[str, ...] = ()

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and all(getattr(self, n) == getattr(other, n) for n in self.__slots__)

    __hash__ = None  # type: ignore[assignment]  # a value with a dict inside is not hashable


class RingKey(_Value):
    """One key of a ring: the public JWK that verifiers read, the ARN of its KMS key, and when it changed state.

    `KeyRing` checks that the fields agree.
    """

    __slots__ = (
        "activated_at",
        "algorithm",
        "arn",
        "compromised_at",
        "created_at",
        "deactivated_at",
        "deletion_at",
        "destroyed_at",
        "disabled_at",
        "jwk",
        "kid",
        "published_at",
        "state",
    )

    def __init__(
        self,
        *,
        kid: str,
        arn: str,
        algorithm: str,
        jwk: dict[str, str],
        state: KeyState,
        created_at: int,
        published_at: int,
        activated_at: int | None = None,
        deactivated_at: int | None = None,
        destroyed_at: int | None = None,
        compromised_at: int | None = None,
        disabled_at: int | None = None,
        deletion_at: int | None = None,
    ) -> None:
        self.kid = kid
        self.arn = arn
        self.algorithm = algorithm
        self.jwk = jwk
        self.state = state
        self.created_at = created_at
        self.published_at = published_at
        self.activated_at = activated_at
        self.deactivated_at = deactivated_at
        self.destroyed_at = destroyed_at
        self.compromised_at = compromised_at
        self.disabled_at = disabled_at
        self.deletion_at = deletion_at

    def replace(self, **changes: Any) -> RingKey:
        """Return a copy with some fields changed."""
        return RingKey(**{name: getattr(self, name) for name in self.__slots__} | changes)

    def __repr__(self) -> str:
        """Return the kid and the state."""
        return f"RingKey({self.kid!r}, {self.state})"


class Intent(_Value):
    """The intent to create a key: it is stored before the call to KMS, so that a crash leaves a record (invariant I4).

    `arn` and `jwk` are None until KMS has answered; `nonce` is in a tag of the KMS key.
    """

    __slots__ = ("algorithm", "arn", "jwk", "nonce", "since")

    def __init__(
        self, *, nonce: str, since: int, algorithm: str, arn: str | None = None, jwk: dict[str, str] | None = None
    ) -> None:
        self.nonce = nonce
        self.since = since
        self.algorithm = algorithm
        self.arn = arn
        self.jwk = jwk

    def __repr__(self) -> str:
        """Return the nonce, the time, and the ARN of the key if KMS has created it."""
        return f"Intent({self.nonce!r}, since={self.since}, arn={self.arn!r})"


class Compromise(_Value):
    """One entry of the emergency log; entries are never removed (invariant I8)."""

    __slots__ = ("actor", "at", "kid", "reason")

    def __init__(self, *, kid: str, at: int, reason: str, actor: str) -> None:
        self.kid = kid
        self.at = at
        self.reason = reason
        self.actor = actor


class KeyRing:
    """All keys of one ring at one version; a transition makes the next version (invariants I3, I8, I9).

    `longest_lifetime` is the longest token lifetime ever configured, in seconds: a key stays published for it
    (invariant I2).
    Raises ItemDamaged if two keys are active, a kid repeats, or a compromised key is still published.
    """

    __slots__ = ("compromises", "intents", "keys", "longest_lifetime", "name", "version")

    def __init__(
        self,
        *,
        name: str,
        version: int,
        keys: Iterable[RingKey],
        intents: Iterable[Intent] = (),
        compromises: Iterable[Compromise] = (),
        longest_lifetime: int,
    ) -> None:
        self.name = name
        self.version = version
        self.keys = tuple(keys)
        self.intents = tuple(intents)
        self.compromises = tuple(compromises)
        self.longest_lifetime = longest_lifetime
        kids = [key.kid for key in self.keys]
        if len(set(kids)) != len(kids):
            raise ItemDamaged(f"ring {name}: a kid occurs twice")
        if sum(key.state is KeyState.ACTIVE for key in self.keys) > 1:
            raise ItemDamaged(f"ring {name}: more than one key is active")
        compromised = {entry.kid for entry in self.compromises}
        if any(key.state in PUBLISHED_STATES and key.kid in compromised for key in self.keys):
            raise ItemDamaged(f"ring {name}: a compromised key is published")

    def active(self) -> RingKey:
        """Return the one key that signs; raises NoActiveKey before the ring has one."""
        for key in self.keys:
            if key.state is KeyState.ACTIVE:
                return key
        raise NoActiveKey(f"ring {self.name} has no active key")

    def published(self) -> tuple[RingKey, ...]:
        """Return the keys of the JWKS: the active one first, then the standbys, then the deactivated ones."""
        order = (KeyState.ACTIVE, KeyState.PRE_ACTIVATION, KeyState.DEACTIVATED)
        return tuple(key for state in order for key in self.keys if key.state is state)

    def find(self, kid: str) -> RingKey | None:
        """Return the key with this kid in any state, or None."""
        return next((key for key in self.keys if key.kid == kid), None)

    def replace(self, **changes: Any) -> KeyRing:
        """Return a copy with some fields changed; the store assigns the next version when it writes the copy."""
        return KeyRing(**{name: getattr(self, name) for name in self.__slots__} | changes)

    def with_key(self, changed: RingKey) -> KeyRing:
        """Return a copy in which the given key replaces the one with the same kid."""
        return self.replace(keys=tuple(changed if key.kid == changed.kid else key for key in self.keys))


def to_jwks(rings: Iterable[KeyRing]) -> dict[str, list[dict[str, str]]]:
    """Return the JWK Set (RFC 7517 §5) of all published keys, public members only, in a stable order."""
    return {"keys": [key.jwk for ring in rings for key in ring.published()]}
