"""The public keys as last read, used below the revocation bound."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.domain.errors import ItemDamaged
from keyturn.domain.keys.key_ring import RING_NAMES, to_jwks
from keyturn.domain.time.ages import age
from keyturn.jose import KeySet

if TYPE_CHECKING:
    from collections.abc import Iterable

    from authorizer.revocation_bound import RevocationBound
    from keyturn.domain.time.ages import Instant
    from keyturn.ports import NamedKeyRingReader

# Seconds from one look for absent rings to the next: a name costs a read unit with an item or without.
ABSENT_PERIOD = 60.0


class KeyRingCache:
    """The published keys of all key rings.

    A token whose kid is unknown causes no read: a key is published long before it signs. For the same reason a ring
    without an item is looked for once in ABSENT_PERIOD (ADR 53). Each renewal reads every ring that the last one
    found: an emergency must be seen within the bound (invariant I8).
    """

    def __init__(self, reader: NamedKeyRingReader, bound: RevocationBound) -> None:
        self._reader = reader
        self._time = bound.time
        self._cache = bound.cache("key rings", self._read)
        self._found: Iterable[str] = ()
        self._all_read_at: Instant | None = None
        self._jwks: object = None
        self._keys = KeySet([])

    def keys(self) -> KeySet:
        """Return keys younger than the bound; raises KeyturnError if they cannot be read."""
        return self._cache.get(self._time.present())

    def _read(self, sent: Instant) -> tuple[KeySet, Instant]:
        if age(self._all_read_at, sent) >= ABSENT_PERIOD:
            # Reads stay complete until one succeeds: a wall clock that went back may pass the earlier instant again.
            self._all_read_at = None
        is_complete = self._all_read_at is None
        rings = self._reader.load(RING_NAMES if is_complete else self._found)
        jwks = to_jwks(rings)
        if jwks != self._jwks:
            try:
                self._keys = KeySet.from_jwks(jwks)
            except ValueError as error:
                raise ItemDamaged(f"the key rings: {error}") from None
            self._jwks = jwks
        read_at = self._time.note_read(sent)
        self._found = [ring.name for ring in rings]
        if is_complete:
            self._all_read_at = read_at
        return self._keys, read_at
