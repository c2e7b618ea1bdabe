"""The issuer's view of the key ring: kept between requests, and never trusted past its age (I10, I11)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from keyturn.domain.errors import ItemDamaged, KeyturnError, NoActiveKey, StoreUnavailable
from keyturn.domain.key_ring import DEFAULT_RING, KeyRing
from keyturn.domain.view_age import view_age
from keyturn.jose import KeySet
from keyturn.observability import log_event

if TYPE_CHECKING:
    from keyturn.ports import KeyRingReader


class _View(NamedTuple):
    ring: KeyRing
    keys: KeySet
    read_at: tuple[float, float]  # wall and monotonic seconds, from before the read


class RingView:
    """One ring as this sandbox last read it.

    Its age counts from before the read. From half of `max_age` seconds on it is read again; older than `max_age` it
    signs nothing, since a key might have been retired meanwhile (I10).
    """

    def __init__(
        self,
        rings: KeyRingReader,
        wall: Callable[[], float],
        monotonic: Callable[[], float],
        *,
        max_age: int,
    ) -> None:
        """Take the reader, this machine's clocks in seconds, and the oldest acceptable view; nothing is read yet."""
        self._rings = rings
        self._wall = wall
        self._monotonic = monotonic
        self._max_age = max_age
        self._view: _View | None = None

    def ring(self) -> KeyRing:
        """Return the ring to sign with; raises StoreUnavailable rather than return one that is too old."""
        return self._fresh().ring

    def keys(self) -> KeySet:
        """Return the public keys to verify our own tokens with, as fresh as those to sign with."""
        return self._fresh().keys

    def ring_to_publish(self) -> KeyRing:
        """Return the ring for the JWKS: stale rather than none, as an outage must not lock everyone out (I11).

        Raises NoActiveKey while no key was ever published: an empty JWKS would be cached as the truth.
        """
        try:
            ring = self._fresh().ring
        except KeyturnError as error:
            if self._view is None:
                raise
            log_event("ERROR", "jwks_is_stale", fault=f"{type(error).__name__}: {error}")
            ring = self._view.ring
        if not ring.published():
            raise NoActiveKey(f"ring {ring.name} has published no key yet")
        return ring

    def reload(self) -> KeyRing:
        """Read the ring whatever the view's age: something said that the view is outdated."""
        return self._read().ring

    def _fresh(self) -> _View:
        view = self._view
        if view is not None and self._age(view) <= self._max_age / 2:
            return view
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
        read_at = (self._wall(), self._monotonic())
        ring = self._rings.load(DEFAULT_RING)
        try:
            keys = KeySet.from_jwks(ring.to_jwks())
        except ValueError as error:
            raise ItemDamaged(f"ring {ring.name}: {error}") from None
        self._view = _View(ring, keys, read_at)
        return self._view

    def _age(self, view: _View) -> float:
        return view_age(view.read_at, (self._wall(), self._monotonic()))
