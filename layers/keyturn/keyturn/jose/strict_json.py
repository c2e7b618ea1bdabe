"""JSON objects with exactly one reading (RFC 8725bis §3.7, RFC 7515 §4): what parsers disagree about is refused.

Python's own parser reads duplicate members (the last wins), NaN, Infinity, lone surrogates and integers of any length.
"""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any, NoReturn

MAX_DEPTH = 16
# Enough for any 64-bit number; int() of thousands of digits takes quadratic time.
MAX_INTEGER_LENGTH = 20

# An unclosed string ends the match as well, so that the search never starts again inside of it.
# It is compiled at its first use, to keep it out of each cold start.
_STRING = r'"(?:[^"\\]|\\.)*+"?'


def parse_object(data: bytes) -> dict[str, Any] | None:
    """Return the JSON object that the bytes spell in UTF-8 (RFC 8259), or None if they do not, strictly.

    A parser's exception carries the whole text along: the result is None instead. The errors below end here.
    """
    try:
        text = data.decode("utf-8")
        _check_depth(text)
        # Issuers write the object without white space around it; `decode` searches for white space twice.
        value, end = _DECODER.raw_decode(text) if text.startswith("{") else (None, -1)
        if end != len(text):
            value = _DECODER.decode(text)
        if "\\u" in text:
            _check_surrogates(value)
    except ValueError:
        return None
    return value if type(value) is dict else None


def _check_depth(text: str) -> None:
    """Refuse deep nesting before the recursive parser meets it."""
    if text.count("{") + text.count("[") <= MAX_DEPTH:
        return
    depth = 0
    for character in re.sub(_STRING, "", text, flags=re.DOTALL):
        if character in "{[":
            depth += 1
            if depth > MAX_DEPTH:
                raise ValueError
        elif character in "}]":
            depth -= 1


def _check_surrogates(value: object) -> None:
    """Refuse a lone surrogate: its escape names no character, and UTF-8 logs and headers would fail on it."""
    json.dumps(value, ensure_ascii=False).encode("utf-8")


def _unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError
    return members


def _bounded_integer(digits: str) -> int:
    if len(digits) > MAX_INTEGER_LENGTH:
        raise ValueError
    return int(digits)


def _finite_float(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError
    return value


def _refuse_constant(_name: str) -> NoReturn:
    """Refuse NaN and Infinity, which are not JSON."""
    raise ValueError


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique_members,
    parse_int=_bounded_integer,
    parse_float=_finite_float,
    parse_constant=_refuse_constant,
)
