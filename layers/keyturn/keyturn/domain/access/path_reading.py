"""The readings of a request's path: what API Gateway and a backend may take it for (G7).

A plain path has one reading. Percent-encoding is decoded once (RFC 3986 §2.4), and a slash at the end may count or not.
Any other odd spelling leaves open where the path leads: an encoded slash, a parameter after a semicolon, a backslash,
an empty segment, a dot segment. Letters of another case are another path (RFC 3986 §6.2.2.1), as in API Gateway.
"""

from __future__ import annotations

import re
from itertools import takewhile

_ENCODED = re.compile(rb"%([0-9A-Fa-f]{2})")
# A decoded mark is one more separator to somebody, and a control character ends a path or splits a line.
_CONTROL = frozenset(map(chr, (*range(0x20), *range(0x7F, 0xA0))))
_ODD_DECODED = frozenset("%;\\?#") | _CONTROL
_TO_SLASHES = str.maketrans("\\;?#", "////")
_DOTS = frozenset({".", ".."})


class PathReading:
    """One reading: the `segments`, and whether they are all of the path.

    Without `complete` any segments may follow; with `leaves` the path may also lead out of these segments.
    """

    __slots__ = ("complete", "leaves", "segments")

    def __init__(self, segments: list[str], *, complete: bool = True, leaves: bool = False) -> None:
        """Describe the reading of a path without its leading slash."""
        self.segments = segments
        self.complete = complete
        self.leaves = leaves


def has_odd_character(path: str) -> bool:
    """Return whether a path has a character that API Gateway or a backend may read in two ways."""
    return "%" in path or ";" in path or "\\" in path


def is_ambiguous(path: str) -> bool:
    """Tell whether a path without its leading slash leaves open where it leads."""
    return not read_path(path)[0].complete


def leads_out(path: str) -> bool:
    """Tell whether a path without its leading slash has a dot segment, as it is or encoded up to twice.

    A backend that resolves it may arrive at any route, also outside of the one that API Gateway chose.
    """
    if "." not in path and "%2" not in path:
        return False
    once = _decode(path)
    readings = (path, once, None if once is None else _decode(once))
    return any(each is not None and not _DOTS.isdisjoint(_split(each)) for each in readings)


def read_path(path: str) -> list[PathReading]:
    """Return the readings of a path without its leading slash; a single one that is not complete if it is ambiguous."""
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
    """Return the path, and without the empty segment that a slash at its end makes."""
    if segments and not segments[-1]:
        return [PathReading(segments), PathReading(segments[:-1])]
    return [PathReading(segments)]


def _open_reading(segments: list[str], path: str) -> PathReading:
    return PathReading(list(takewhile(_is_plain, segments)), complete=False, leaves=_may_leave(path))


def _is_plain(segment: str) -> bool:
    return bool(segment) and segment not in _DOTS and not has_odd_character(segment)


def _may_leave(path: str) -> bool:
    """Tell whether a dot segment is in the path, however often it was encoded."""
    once = _decode(path)
    twice = None if once is None else _decode(once)
    return twice is None or "%" in twice or not _DOTS.isdisjoint(_split(twice))


def _split(path: str) -> list[str]:
    """Return the segments of a path, each mark taken for a separator."""
    return path.translate(_TO_SLASHES).split("/")


def _decode(path: str) -> str | None:
    """Return the path without its percent-encoding, or None if that is no UTF-8."""
    try:
        return _ENCODED.sub(lambda match: bytes.fromhex(match[1].decode()), path.encode()).decode()
    except UnicodeError:
        return None
