"""The memo of tokens: a token that comes again costs no second signature check (ADR 41).

It holds no decision. Each request checks everything that can change: the token's times, the age of the caches,
revocations, access rules.
"""

from __future__ import annotations

from hashlib import sha256
from sys import getsizeof
from typing import TYPE_CHECKING

from keyturn.domain.revocations.revocation import targets_of
from keyturn.jose.verify import read_signed_access_token

if TYPE_CHECKING:
    from collections.abc import Iterable

    from keyturn.domain.revocations.revocation import Target
    from keyturn.jose import KeySet, VerificationPolicy
    from keyturn.jose.access_token import SignedAccessToken

MAX_ENTRIES = 512
# The longest token that is remembered, in characters; most have 500 to 1,000.
MAX_LENGTH = 2048
# The bounds in bytes, by the estimate below: of all entries, and of one.
MAX_BYTES = 2_500_000
MAX_ENTRY_BYTES = 16_000

# The objects of an entry that are the same for every token: the token, its targets, the memo's own key.
_FRAME_BYTES = 1_500


class RememberedToken:
    """A token before its times are checked, the targets whose revocation refuses it, and its size in bytes."""

    __slots__ = ("signed", "size", "targets")

    def __init__(self, signed: SignedAccessToken) -> None:
        token = signed.before_times
        self.signed = signed
        self.targets: tuple[Target, ...] = targets_of(token)
        # The ids are in the claims, and up to twice in the keys of the targets.
        self.size = _FRAME_BYTES + 3 * _bytes_of(token.claims.values()) + _bytes_of((token.scope, *token.scope))


class TokenMemo:
    """The tokens whose signature was checked last: `MAX_ENTRIES` at most, of `MAX_BYTES` at most.

    Only tokens that passed are remembered: a flood of forged ones evicts nothing. An entry belongs to one key set and
    one policy, by identity. Other keys, as after a rotation or an emergency, never meet a token that was checked by
    the earlier ones.
    """

    __slots__ = ("_entries", "size")

    def __init__(self) -> None:
        self._entries: dict[tuple[bytes, KeySet, VerificationPolicy], RememberedToken] = {}
        self.size = 0
        """The estimated size of all entries, in bytes."""

    def __len__(self) -> int:
        """Return the number of remembered tokens."""
        return len(self._entries)

    def read(self, raw: str, keys: KeySet, policy: VerificationPolicy) -> RememberedToken:
        """Return the token after every check but those of its times; raises TokenError, as without a memo."""
        # A subclass of str could be equal to another text. A valid token is ASCII, which has one encoding.
        if type(raw) is not str or len(raw) > MAX_LENGTH or not raw.isascii():
            return RememberedToken(read_signed_access_token(raw, keys, policy))
        # The digest stands for the token: memory holds no text that a thief could send.
        key = sha256(raw.encode("ascii")).digest(), keys, policy
        found = self._entries.pop(key, None)
        if found is None:
            found = RememberedToken(read_signed_access_token(raw, keys, policy))
            if found.size > MAX_ENTRY_BYTES:
                return found
            self.size += found.size
        # The latest entry is the last one of the dictionary.
        self._entries[key] = found
        while len(self._entries) > MAX_ENTRIES or self.size > MAX_BYTES:
            self.size -= self._entries.pop(next(iter(self._entries))).size
        return found


def _bytes_of(values: Iterable[object]) -> int:
    """Return an upper bound of the memory that values of JSON take: shared ones count each time."""
    total = 0
    for value in values:
        total += getsizeof(value)
        if isinstance(value, list):
            total += _bytes_of(value)
        elif isinstance(value, dict):
            total += _bytes_of(value) + _bytes_of(value.values())
    return total
