"""The issuer's view of the key rings: kept between requests, and never trusted past its age (I10, I11)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from keyturn.domain.errors import ItemDamaged, KeyturnError, NoActiveKey, StoreUnavailable
from keyturn.domain.keys.key_ring import KeyRing, KeyState, to_jwks
from keyturn.domain.time.ages import Instant, age
from keyturn.jose import KeySet
from keyturn.observability import log_event

if TYPE_CHECKING:
    from keyturn.ports import KeyRingReader


class _View(NamedTuple):
    rings: tuple[KeyRing, ...]
    keys: KeySet
    read_at: Instant | None  # from before the read; None if the view was ever too old


class KeyRingCache:
    """The rings as this sandbox last read them.

    Its age counts from before the read. From half of `max_age` seconds on it is read again; older than `max_age` it
    signs nothing, since a key might have been retired meanwhile (I10).
    """

    def __init__(self, rings: KeyRingReader, now: Callable[[], Instant], *, max_age: int) -> None:
        """Begin without a read; `now` returns this instant, with the Date of DynamoDB's last answer."""
        self._rings = rings
        self._now = now
        self._max_age = max_age
        self._view: _View | None = None

    def ring(self, name: str) -> KeyRing:
        """Return the ring to sign with; raises StoreUnavailable rather than return one that is too old.

        A ring that was added a while ago, and whose first key does not sign yet, leaves it to the default one.
        """
        return _choose(self._fresh().rings, name)

    def keys(self) -> KeySet:
        """Return the public keys to verify our own tokens with, as fresh as those to sign with."""
        return self._fresh().keys

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """Return the JWKS: stale rather than none, as an outage must not lock everyone out (I11).

        Raises NoActiveKey while no key was ever published: an empty JWKS would be cached as the truth.
        """
        try:
            rings = self._fresh().rings
        except KeyturnError as error:
            if self._view is None:
                raise
            log_event("ERROR", "jwks_is_stale", fault=f"{type(error).__name__}: {error}")
            rings = self._view.rings
        jwks = to_jwks(rings)
        if not jwks["keys"]:
            raise NoActiveKey("no ring has published a key yet")
        return jwks

    def reload(self, name: str) -> KeyRing:
        """Read the rings whatever the view's age: something said that the view is outdated."""
        return _choose(self._read().rings, name)

    def _fresh(self) -> _View:
        view = self._view
        if view is not None:
            seconds = self._age(view)
            if seconds <= self._max_age / 2:
                return view
            if seconds > self._max_age:
                # Too old once is too old for good: a wall clock that went back runs past the read again.
                view = self._view = view._replace(read_at=None)
        try:
            view = self._read()
        except StoreUnavailable:
            # A read that fails leaves the other half of the age to succeed in.
            if view is None or self._age(view) > self._max_age:
                raise
        if self._age(view) > self._max_age:
            raise StoreUnavailable("reading the key ring took longer than a view may be old")
        return view

    def _read(self) -> _View:
        read_at = self._now()
        rings = self._rings.load_all()
        try:
            keys = KeySet.from_jwks(to_jwks(rings))
        except ValueError as error:
            raise ItemDamaged(f"the key rings: {error}") from None
        self._view = _View(rings, keys, read_at._replace(date=self._now().date))
        return self._view

    def _age(self, view: _View) -> float:
        return age(view.read_at, self._now())


def _choose(rings: tuple[KeyRing, ...], name: str) -> KeyRing:
    """Return the ring of this name if it ever signed, else the default one, which is the first."""
    for ring in rings:
        if ring.name == name and (ring.compromises or any(key.state is KeyState.ACTIVE for key in ring.keys)):
            return ring
    return rings[0]
