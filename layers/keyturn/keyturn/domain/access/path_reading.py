"""The readings of a request's path: the routes that API Gateway and a backend may take it for.

A plain path has one reading. Percent-encoding is decoded once (RFC 3986 §2.4), and a slash at the end gives two
readings. These make a path ambiguous: an encoded slash, a parameter after a semicolon, a backslash, an empty segment,
a dot segment. Paths are compared case-sensitively (RFC 3986 §6.2.2.1), as in API Gateway.
"""

from __future__ import annotations

import re
from itertools import takewhile

# It is compiled at its first use, to keep it out of each cold start.
_ENCODED = rb"%([0-9A-Fa-f]{2})"
# Some backends take a decoded mark for a separator; a control character may end a path or a line.
_CONTROL = frozenset(map(chr, (*range(0x20), *range(0x7F, 0xA0))))
_ODD_DECODED = frozenset("%;\\?#") | _CONTROL
_TO_SLASHES = str.maketrans("\\;?#", "////")
_DOTS = frozenset({".", ".."})


class PathReading:
    """One reading of a path without its leading slash: the `segments`, and whether the path ends with them.

    If not `complete`, any segments may follow; if `leaves`, dot segments may lead out of these segments.
    """

    __slots__ = ("complete", "leaves", "segments")

    def __init__(self, segments: list[str], *, complete: bool = True, leaves: bool = False) -> None:
        self.segments = segments
        self.complete = complete
        self.leaves = leaves


def has_odd_character(path: str) -> bool:
    """Return whether a path has a character that API Gateway or a backend may read in two ways."""
    return "%" in path or ";" in path or "\\" in path


def is_ambiguous(path: str) -> bool:
    """Return whether a path without its leading slash may lead to several routes."""
    return not read_path(path)[0].complete


def leads_out(path: str) -> bool:
    """Return whether a path without its leading slash has a dot segment, as it is or encoded up to twice.

    A backend that resolves it may arrive at any route, also outside the route that API Gateway chose.
    """
    if "." not in path and "%2" not in path:
        return False
    once = _decode(path)
    readings = (path, once, None if once is None else _decode(once))
    return any(each is not None and not _DOTS.isdisjoint(_split(each)) for each in readings)


def read_path(path: str) -> list[PathReading]:
    """Return the readings of a path without its leading slash; an ambiguous path has a single incomplete one."""
    segments = path.split("/") if path else []
    if not has_odd_character(path) and _are_plain(segments):
        return _with_and_without_end(segments)
    decoded = _decode(path)
    if decoded is None or not _ODD_DECODED.isdisjoint(decoded):
        return [_open_reading(segments, path)]
    decoded_segments = decoded.split("/")
    if len(decoded_segments) != len(segments) or not _are_plain(decoded_segments):
        return [_open_reading(segments, path)]
    return [*_with_and_without_end(decoded_segments), *_with_and_without_end(segments)]


def _are_plain(segments: list[str]) -> bool:
    return "" not in segments[:-1] and _DOTS.isdisjoint(segments)


def _with_and_without_end(segments: list[str]) -> list[PathReading]:
    """Return the path as it is, and without the empty segment that a slash at its end makes."""
    if segments and not segments[-1]:
        return [PathReading(segments), PathReading(segments[:-1])]
    return [PathReading(segments)]


def _open_reading(segments: list[str], path: str) -> PathReading:
    return PathReading(list(takewhile(_is_plain, segments)), complete=False, leaves=_may_leave(path))


def _is_plain(segment: str) -> bool:
    return bool(segment) and segment not in _DOTS and not has_odd_character(segment)


def _may_leave(path: str) -> bool:
    """Return whether the path has a dot segment, however often it was encoded."""
    once = _decode(path)
    twice = None if once is None else _decode(once)
    return twice is None or "%" in twice or not _DOTS.isdisjoint(_split(twice))


def _split(path: str) -> list[str]:
    """Return the segments of a path, each mark taken for a separator."""
    return path.translate(_TO_SLASHES).split("/")


def _decode(path: str) -> str | None:
    """Return the path without its percent-encoding, or None if the result is not UTF-8."""
    try:
        return re.sub(_ENCODED, lambda match: bytes.fromhex(match[1].decode()), path.encode()).decode()
    except UnicodeError:
        return None
