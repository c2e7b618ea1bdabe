"""The public keys as last read, and for how long they may be believed (R07, R47)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from authorizer.bounded_cache import BoundedCache
from keyturn.domain.errors import ItemDamaged
from keyturn.domain.keys.key_ring import to_jwks
from keyturn.jose import KeySet

if TYPE_CHECKING:
    from authorizer.bounded_cache import Freshness
    from keyturn.ports import KeyRingReader


class KeyRingCache:
    """A view of all key rings that is never used at an age of the bound or more.

    A token whose kid is unknown causes no read, since a key is published long before it signs.
    """

    def __init__(self, reader: KeyRingReader, freshness: Freshness) -> None:
        """Begin without keys; the first call of `keys` reads."""
        self._reader = reader
        self._freshness = freshness
        self._view = BoundedCache("key rings", self._refresh, freshness)
        self._jwks: object = None
        self._keys = KeySet([])

    def keys(self) -> KeySet:
        """Return keys younger than the bound; raises KeyturnError if there are none to be had."""
        self._view.ensure(self._freshness.time.now())
        return self._keys

    def _refresh(self) -> None:
        jwks = to_jwks(self._reader.load_all())
        if jwks != self._jwks:
            try:
                self._keys = KeySet.from_jwks(jwks)
            except ValueError as error:
                raise ItemDamaged(f"the key rings: {error}") from None
            self._jwks = jwks
