"""How long an answer is fresh, by its headers (RFC 9111 §4.2)."""

from __future__ import annotations

import re
from email.utils import mktime_tz, parsedate_tz
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keyturn.verifier.bounded_http import HttpAnswer

_SECONDS = re.compile(r"[0-9]+")
# RFC 9111 §1.2.2: a number that is too large counts as this one.
_MOST_SECONDS = 2**31


def max_age_of(answer: HttpAnswer) -> int | None:
    """Return for how many seconds the answer is fresh (RFC 9111 §4.2), or None if it does not say.

    An unreadable or contradictory statement counts as stale (§4.2.1).
    """
    stated = _by_cache_control(answer.cache_control or "")
    if not stated and answer.expires is not None:
        # RFC 9111 §5.3: max-age overrides it.
        stated = [_by_dates(answer.expires, answer.date)]
    if not stated:
        return None
    # RFC 9111 §5.1: the first of several ages counts, and an unreadable one is ignored.
    return max(min(stated) - _seconds((answer.age or "").partition(",")[0].strip()), 0)


def _by_cache_control(directives: str) -> list[int]:
    stated: list[int] = []
    for directive in directives.lower().split(","):
        name, _, value = directive.partition("=")
        name = name.strip()
        if name in ("no-store", "no-cache"):
            stated.append(0)
        elif name == "max-age":
            stated.append(_seconds(value.strip().strip('"')))
    return stated


def _by_dates(expires: str, date: str | None) -> int:
    """Return the seconds between Date and Expires, or 0: both are of the server's clock, which ours may differ from."""
    end, start = _unix_time(expires), _unix_time(date or "")
    return 0 if end is None or start is None else end - start


def _unix_time(text: str) -> int | None:
    try:
        parsed = parsedate_tz(text)
        return None if parsed is None else mktime_tz(parsed)
    except (IndexError, OverflowError, TypeError, ValueError):  # the parser's own, for some texts that are no date
        return None


def _seconds(text: str) -> int:
    """Return delta-seconds (RFC 9111 §1.2.2), or 0 if the text is none."""
    if not _SECONDS.fullmatch(text):
        return 0
    return int(text) if len(text) < len(str(_MOST_SECONDS)) else _MOST_SECONDS
