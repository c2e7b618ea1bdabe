"""The public keys as last read, used below the revocation bound."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.domain.errors import ItemDamaged
from keyturn.domain.keys.key_ring import to_jwks
from keyturn.jose import KeySet

if TYPE_CHECKING:
    from authorizer.revocation_bound import RevocationBound
    from keyturn.domain.time.ages import Instant
    from keyturn.ports import KeyRingReader


class KeyRingCache:
    """The published keys of all key rings.

    A token whose kid is unknown causes no read: a key is published long before it signs.
    """

    def __init__(self, reader: KeyRingReader, bound: RevocationBound) -> None:
        self._reader = reader
        self._time = bound.time
        self._cache = bound.cache("key rings", self._read)
        self._jwks: object = None
        self._keys = KeySet([])

    def keys(self) -> KeySet:
        """Return keys younger than the bound; raises KeyturnError if they cannot be read."""
        return self._cache.get(self._time.present())

    def _read(self, sent: Instant) -> tuple[KeySet, Instant]:
        jwks = to_jwks(self._reader.load_all())
        if jwks != self._jwks:
            try:
                self._keys = KeySet.from_jwks(jwks)
            except ValueError as error:
                raise ItemDamaged(f"the key rings: {error}") from None
            self._jwks = jwks
        return self._keys, self._time.note_read(sent)
