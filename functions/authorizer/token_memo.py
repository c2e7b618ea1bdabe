"""The memo of tokens: a token that comes again and again costs two signature checks (ADR 41).

It holds no decision. Each request checks everything that can change: the token's times, the age of the caches,
revocations, access rules.
"""

from __future__ import annotations

from hashlib import sha256
from sys import getsizeof
from typing import TYPE_CHECKING

from keyturn.domain.revocations.revocation import targets_of
from keyturn.jose.compact import UnverifiedToken
from keyturn.jose.verify import check_signed

if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import TypeAlias

    from keyturn.jose import KeySet, VerificationPolicy, VerifiedAccessToken
    from keyturn.jose.access_token import SignedAccessToken

    CheckedToken: TypeAlias = tuple[SignedAccessToken, tuple[str, ...]]

MAX_ENTRIES = 512
# The texts whose first request is noted; then all are forgotten, and each costs one more check.
MAX_SEEN = 1024
# The longest token that is remembered, in characters; most have 500 to 1,000.
MAX_LENGTH = 2048
# The bounds in bytes, by the estimate below: of all entries, and of one.
MAX_BYTES = 2_500_000
MAX_ENTRY_BYTES = 16_000

# The objects of an entry that are the same for every token: the token, its targets, the memo's own key.
_FRAME_BYTES = 1_500
_CONTAINERS = frozenset({list, dict})


class TokenMemo:
    """The tokens whose signature was checked last: `MAX_ENTRIES` at most, of `MAX_BYTES` at most.

    A token is remembered at its second request: a client that asks for one per request evicts no other client's.
    Forged tokens evict nothing either, since only tokens that passed are counted. An entry belongs to one key set and
    one policy, by identity. Other keys, as after a rotation or an emergency, never meet a token that was checked by
    the earlier ones.
    """

    __slots__ = ("_entries", "_seen", "size")

    def __init__(self) -> None:
        self._entries: dict[tuple[bytes, KeySet, VerificationPolicy], tuple[CheckedToken, int]] = {}
        # Hashes of the texts that passed. Two texts may share one: it only decides whether a token is worth an entry.
        self._seen: set[int] = set()
        self.size = 0
        """The estimated size of all entries, in bytes."""

    def __len__(self) -> int:
        """Return the number of remembered tokens."""
        return len(self._entries)

    def read(self, raw: str, keys: KeySet, policy: VerificationPolicy) -> CheckedToken:
        """Return the token after every check but those of its times, and the targets whose revocation refuses it.

        Raises TokenError, as without a memo.
        """
        # A subclass of str could be equal to another text. A valid token is ASCII, which has one encoding.
        if type(raw) is not str or len(raw) > MAX_LENGTH or not raw.isascii():
            return _check(raw, keys, policy)
        text_hash = hash(raw)
        if text_hash in self._seen:
            return self._read_again(raw, keys, policy)
        checked = _check(raw, keys, policy)
        if len(self._seen) == MAX_SEEN:
            self._seen.clear()
        self._seen.add(text_hash)
        return checked

    def _read_again(self, raw: str, keys: KeySet, policy: VerificationPolicy) -> CheckedToken:
        # The digest stands for the token: memory holds no text that a thief could send.
        key = sha256(raw.encode("ascii")).digest(), keys, policy
        entry = self._entries.pop(key, None)
        if entry is None:
            checked = _check(raw, keys, policy)
            size = _size_of(checked[0].before_times)
            if size > MAX_ENTRY_BYTES:
                return checked
            entry = checked, size
            self.size += size
        # The latest entry is the last one of the dictionary.
        self._entries[key] = entry
        while len(self._entries) > MAX_ENTRIES or self.size > MAX_BYTES:
            self.size -= self._entries.pop(next(iter(self._entries)))[1]
        return entry[0]


def _check(raw: str, keys: KeySet, policy: VerificationPolicy) -> CheckedToken:
    signed = check_signed(UnverifiedToken(raw), keys, policy)
    return signed, targets_of(signed.before_times)


def _size_of(token: VerifiedAccessToken) -> int:
    """Return an upper bound of the memory of a token's entry, in bytes."""
    # The ids are in the claims, and up to twice in the keys of the targets.
    claims = 3 * _bytes_of(token.claims.values())
    return _FRAME_BYTES + claims + getsizeof(token.scope) + _bytes_of(token.scope)


def _bytes_of(values: Collection[object]) -> int:
    """Return an upper bound of the memory that values of JSON take: shared ones count each time."""
    total = sum(map(getsizeof, values))
    # Most tokens have texts and numbers alone: these two lines then cost no step of Python for each.
    if _CONTAINERS.isdisjoint(map(type, values)):
        return total
    for value in values:
        if isinstance(value, list):
            total += _bytes_of(value)
        elif isinstance(value, dict):
            total += _bytes_of(value) + _bytes_of(value.values())
    return total
