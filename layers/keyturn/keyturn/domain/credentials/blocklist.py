"""Passwords that were found in breaches, as sorted truncated hashes (NIST SP 800-63B-4 §3.1.1.2)."""

from __future__ import annotations

import hashlib
from bisect import bisect_left

# Bytes of SHA-256. A list of 100,000 entries refuses a password that is not on it with a probability of 4 * 10^-10.
HASH_BYTES = 6


class Blocklist:
    """A set of passwords; a membership test reads about fifteen of its hashes."""

    def __init__(self, hashes: bytes) -> None:
        if not hashes or len(hashes) % HASH_BYTES:
            raise ValueError(f"a blocklist is one or more hashes of {HASH_BYTES} bytes each")
        self._hashes = hashes

    def __len__(self) -> int:
        """Return the number of entries."""
        return len(self._hashes) // HASH_BYTES

    def __contains__(self, password: str) -> bool:
        """Return whether the entire password is on the list, in upper or lower case."""
        wanted = blocklist_hash(password)
        place = bisect_left(range(len(self)), wanted, key=self._at)
        return place < len(self) and self._at(place) == wanted

    def _at(self, place: int) -> bytes:
        return self._hashes[place * HASH_BYTES : (place + 1) * HASH_BYTES]


def blocklist_hash(password: str) -> bytes:
    """Return the entry for a password in NFC."""
    return hashlib.sha256(password.casefold().encode("utf-8", "surrogatepass")).digest()[:HASH_BYTES]
