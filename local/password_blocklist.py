"""Builds the blocklist of passwords that the login ships.

    .venv/bin/uv run --no-project --with django==6.1.3 --with zxcvbn==4.5.0 python -m local.password_blocklist

Sources: `common-passwords.txt.gz` of Django (BSD-3-Clause; a list of breached passwords by Royce Williams) and
`frequency_lists.py` of zxcvbn (MIT; breached passwords by Mark Burnett). A password has 15 characters or more, and
few breached ones have: the list adds combinations that guessers try first (a common password and digits, two of them).
"""

from __future__ import annotations

import gzip
import itertools
import unicodedata
from collections.abc import Iterable, Iterator
from importlib import import_module, resources
from pathlib import Path

from keyturn.domain.credentials.blocklist import blocklist_hash
from keyturn.domain.credentials.password_policy import MAX_LENGTH, MIN_LENGTH

TARGET = Path(__file__).parents[1] / "functions" / "login" / "blocklist.bin"
MAX_ENTRIES = 100_000
_ENDINGS = ("123", "1234", "12345", "123456", "1234567", "12345678", "123456789", "1234567890", "123!", "2025", "2026")
_PAIRED = 320


def build(ranked: Iterable[str]) -> bytes:
    """Return the sorted hashes for passwords, the commonest first; of their combinations the likeliest fit."""
    passwords = list(dict.fromkeys(unicodedata.normalize("NFC", each).casefold() for each in ranked))
    candidates = itertools.chain(passwords, _paired(passwords[:_PAIRED]), _ended(passwords))
    wanted = (each for each in candidates if MIN_LENGTH <= len(each) <= MAX_LENGTH)
    entries = dict.fromkeys(blocklist_hash(each) for each in itertools.islice(wanted, MAX_ENTRIES))
    return b"".join(sorted(entries))


def _paired(passwords: list[str]) -> Iterator[str]:
    return (first + second for first, second in itertools.product(passwords, repeat=2))


def _ended(passwords: list[str]) -> Iterator[str]:
    return (password + ending for password, ending in itertools.product(passwords, _ENDINGS))


def _breached() -> Iterator[str]:
    """Yield the breached passwords of both sources, by rank."""
    packed = resources.files("django").joinpath("contrib/auth/common-passwords.txt.gz").read_bytes()
    django = gzip.decompress(packed).decode().split("\n")
    zxcvbn = import_module("zxcvbn.frequency_lists").FREQUENCY_LISTS["passwords"]
    for pair in itertools.zip_longest(zxcvbn, django):
        yield from (password.strip() for password in pair if password and password.strip())


if __name__ == "__main__":
    TARGET.write_bytes(build(_breached()))
