"""The rules of a chosen password (NIST SP 800-63B-4 §3.1.1.2): length and guesses, without composition or expiry."""

from __future__ import annotations

import enum
import re
import unicodedata
from collections.abc import Callable, Iterable

# Code points after NFC. A password that is the only factor has 15 or more (NIST SP 800-63B-4 §3.1.1.2).
MIN_LENGTH = 15
# NIST requires at least 64. 256 is enough for the passphrase of any manager, and bounds the work of each rule.
MAX_LENGTH = 256
# A password with a word of its context or a sequence has this many further characters. NIST requires as many of a
# password with a second factor (SP 800-63B-4 §3.1.1.2). "keyturn" and a year take few guesses more than "keyturn".
_OWN_CHARACTERS = 8
_SHORTEST_WORD = 4
_SHORTEST_RUN = 4
_ROWS = (
    "1234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertzuiop",
    "yxcvbnm",
    "azertyuiop",
    "qsdfghjklm",
    "wxcvbn",
)
_COLUMNS = ("1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p", "qazwsxedcrfvtgbyhnujmikolp")  # pragma: allowlist secret
_FORWARD = tuple(2 * row for row in ("abcdefghijklmnopqrstuvwxyz", *_ROWS, *_COLUMNS))
_SEQUENCES = _FORWARD + tuple(row[::-1] for row in _FORWARD)
_SHORT_RUNS = frozenset(
    row[start : start + _SHORTEST_RUN] for row in _SEQUENCES for start in range(len(row) - _SHORTEST_RUN + 1)
)


class Weakness(enum.StrEnum):
    """The rule that a chosen password breaks, for the text of a page."""

    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    NOT_TEXT = "not_text"  # a control character, a lone surrogate, or a code point that NFC may change later
    COMMON = "common"  # on the blocklist
    CONTEXT = "context"  # little more than the user's own name or address, or the name of the service
    REPEATED = "repeated"  # one short unit, repeated
    SEQUENCE = "sequence"  # little more than runs along the keyboard, the alphabet or the digits


def normalise_password(value: str) -> str:
    """Return the form that is counted, compared and hashed: NFC (NIST SP 800-63B-4 §3.1.1.2)."""
    return unicodedata.normalize("NFC", value)


def context_words(*, email: str, name: str | None, host: str) -> tuple[str, ...]:
    """Return the words that an attacker would guess first for this user at this issuer, the longest first."""
    texts = [email, host, "keyturn", *([name] if name else [])]
    words = {word for text in texts for word in (text.casefold(), *re.split(r"[\W_]+", text.casefold()))}
    return tuple(sorted((word for word in words if len(word) >= _SHORTEST_WORD), key=lambda word: (-len(word), word)))


def find_weakness(password: str, *, context: Iterable[str], is_common: Callable[[str], bool]) -> Weakness | None:
    """Return the first rule that the chosen password breaks, or None.

    `password` is in NFC, and `context` is from `context_words`; `is_common` receives the entire password.
    """
    if len(password) < MIN_LENGTH:
        return Weakness.TOO_SHORT
    if len(password) > MAX_LENGTH:
        return Weakness.TOO_LONG
    if any(unicodedata.category(character) in ("Cc", "Cn", "Cs") for character in password):
        return Weakness.NOT_TEXT
    if is_common(password):
        return Weakness.COMMON
    folded = password.casefold()
    if _is_repeated(folded):
        return Weakness.REPEATED
    if _is_mostly_context(folded, context):
        return Weakness.CONTEXT
    return Weakness.SEQUENCE if _is_mostly_sequences(folded) else None


def _is_repeated(text: str) -> bool:
    """Return whether the text repeats a unit shorter than the least length; the last copy may be incomplete."""
    return any(text[unit:] == text[:-unit] for unit in range(1, min(MIN_LENGTH - 1, len(text) // 2) + 1))


def _is_mostly_context(text: str, words: Iterable[str]) -> bool:
    rest = text
    for word in words:
        rest = rest.replace(word, " ")
    return rest != text and _own(rest) < _OWN_CHARACTERS


def _is_mostly_sequences(text: str) -> bool:
    rest, start = "", 0
    while start < len(text):
        length = _run_length(text, start)
        rest += " " if length >= _SHORTEST_RUN else text[start : start + length]
        start += length
    return " " in rest and rest != text and _own(rest) < _OWN_CHARACTERS


def _run_length(text: str, start: int) -> int:
    """Return the length of the sequence's run that begins here, or 1."""
    if text[start : start + _SHORTEST_RUN] not in _SHORT_RUNS:
        return 1
    end = start + _SHORTEST_RUN
    while end < len(text) and any(text[start : end + 1] in sequence for sequence in _SEQUENCES):
        end += 1
    return end - start


def _own(rest: str) -> int:
    """Return the number of characters without blanks."""
    return sum(not character.isspace() for character in rest)
