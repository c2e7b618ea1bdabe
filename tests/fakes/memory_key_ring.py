"""A key ring store in memory, with the conditions of the real one."""

from __future__ import annotations

from collections.abc import Sequence

from keyturn.domain.errors import AlreadyExists, KeyRingMissing, VersionConflict
from keyturn.domain.keys.key_ring import DEFAULT_RING, KeyRing


class MemoryKeyRing:
    """One ring in memory; `history` has every version that a reader could see, `global_kids` what global refuses."""

    def __init__(self, *rings: KeyRing) -> None:
        self._rings = {ring.name: ring for ring in rings}
        self.history: list[KeyRing] = list(rings)
        self.global_kids: set[str] = set()

    @property
    def ring(self) -> KeyRing:
        """The default ring as it is."""
        return self._rings[DEFAULT_RING]

    def put(self, ring: KeyRing) -> None:
        """Store a ring whatever was there, as another writer would."""
        self._rings[ring.name] = ring
        self.history.append(ring)

    def load(self, name: str) -> KeyRing:
        """Return the ring."""
        if name not in self._rings:
            raise KeyRingMissing(f"ring {name} has no item")
        return self._rings[name]

    def create(self, ring: KeyRing) -> KeyRing:
        """Store the first version."""
        if ring.name in self._rings:
            raise AlreadyExists(f"ring {ring.name} exists already")
        self.put(ring)
        return ring

    def save(self, ring: KeyRing) -> KeyRing:
        """Store the next version."""
        if self.load(ring.name).version != ring.version:
            raise VersionConflict(f"ring {ring.name} is not at version {ring.version} any more")
        saved = ring.replace(version=ring.version + 1)
        self.put(saved)
        return saved

    def save_compromise(self, ring: KeyRing, compromised_kids: Sequence[str]) -> KeyRing:
        """Store the next version, and the kids that every authorizer refuses."""
        saved = self.save(ring)
        self.global_kids |= set(compromised_kids)
        return saved
