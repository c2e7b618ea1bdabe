"""The key rings as the issuer last read them, used below their largest age (invariants I10, I11)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from keyturn.domain.errors import ItemDamaged, KeyturnError, NoActiveKey, StoreUnavailable
from keyturn.domain.keys.key_ring import KeyRing, KeyState, to_jwks
from keyturn.domain.time.ages import Instant
from keyturn.domain.time.bounded_cache import AgePolicy, BoundedCache
from keyturn.jose import KeySet
from keyturn.observability import log_event

if TYPE_CHECKING:
    from keyturn.ports import KeyRingReader


class _Rings(NamedTuple):
    rings: tuple[KeyRing, ...]
    keys: KeySet


class KeyRingCache:
    """The rings as this sandbox last read them; `now` returns this instant, with the Date of DynamoDB's last response.

    Their age counts from before the read. From half of `max_age` seconds on they are read again. At `max_age` they
    sign nothing, since a key might have been retired meanwhile (invariant I10). Below it an outage is tolerated. A
    damaged ring is a fault at once: waiting repairs no damage.
    """

    def __init__(self, rings: KeyRingReader, now: Callable[[], Instant], *, max_age: int) -> None:
        self._rings = rings
        self._now = now
        policy = AgePolicy(now, bound=max_age, renew_from=max_age / 2, tolerated=StoreUnavailable)
        self._cache = BoundedCache("key rings", self._read, policy)

    def ring(self, name: str) -> KeyRing:
        """Return the ring to sign with; raises StoreUnavailable rather than return one that is too old.

        While the first key of an added ring does not sign yet, the default ring signs instead.
        """
        return _choose(self._cache.get(self._now()).rings, name)

    def keys(self) -> KeySet:
        """Return the public keys that verify the issuer's own tokens, as fresh as the rings that sign."""
        return self._cache.get(self._now()).keys

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """Return the JWKS, stale if reading the rings fails: an outage must not lock everyone out (invariant I11).

        Raises NoActiveKey while no key was ever published: caches would keep an empty JWKS as the truth.
        """
        try:
            rings = self._cache.get(self._now()).rings
        except KeyturnError as error:
            rings = self._cache.last_read(otherwise=error).rings
            log_event("ERROR", "jwks_is_stale", fault=f"{type(error).__name__}: {error}")
        jwks = to_jwks(rings)
        if not jwks["keys"]:
            raise NoActiveKey("no ring has published a key yet")
        return jwks

    def reload(self, name: str) -> KeyRing:
        """Read the rings whatever their age, because a caller found them outdated, and return the ring to sign with."""
        return _choose(self._cache.renew().rings, name)

    def _read(self, sent: Instant) -> tuple[_Rings, Instant]:
        rings = self._rings.load_all()
        try:
            keys = KeySet.from_jwks(to_jwks(rings))
        except ValueError as error:
            raise ItemDamaged(f"the key rings: {error}") from None
        return _Rings(rings, keys), sent.with_date(self._now().date)


def _choose(rings: tuple[KeyRing, ...], name: str) -> KeyRing:
    """Return the ring of this name if it ever signed, else the default ring, which is the first."""
    for ring in rings:
        if ring.name == name and (ring.compromises or any(key.state is KeyState.ACTIVE for key in ring.keys)):
            return ring
    return rings[0]
