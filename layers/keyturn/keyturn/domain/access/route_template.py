"""Route templates as API Gateway writes them: `/reports`, `/reports/{id}`, `/files/{proxy+}`."""

from __future__ import annotations

import re

_PARAMETER = "{}"
_GREEDY = "{+}"
_RANKS = {_PARAMETER: 1, _GREEDY: 2}

_VARIABLE = re.compile(r"\{[A-Za-z0-9._-]+(\+?)\}")
# A literal segment has one reading only: it has the same spelling in a policy, in an ARN and in a path.
_PLAIN_SEGMENT = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._~!$&'()+,=:@-]+")


class RouteTemplate:
    """One template: its `text`, and its `shape`, which is the text without the names of parameters.

    `prefix` has the literal segments before the first parameter. `pattern` is the path in a policy, without the leading
    slash: each parameter matches one character or more, slashes too. Raises ValueError that says what is wrong.
    """

    __slots__ = ("_greedy", "_pieces", "_rank", "has_parameters", "pattern", "prefix", "shape", "text")

    def __init__(self, text: str) -> None:
        if not text.startswith("/"):
            raise ValueError("a path begins with /")
        self.text = text
        self.shape = tuple(_shape_of(segment) for segment in (text[1:].split("/") if text[1:] else ()))
        if _GREEDY in self.shape[:-1]:
            raise ValueError("a greedy parameter such as {proxy+} is the last segment")
        self._greedy = self.shape[-1:] == (_GREEDY,)
        self._rank = tuple(_RANKS.get(segment, 0) for segment in self.shape)
        self.has_parameters = any(self._rank)
        self.prefix = list(self.shape[: next((i for i, rank in enumerate(self._rank) if rank), len(self.shape))])
        self.pattern = "/".join("?*" if segment in _RANKS else segment for segment in self.shape)
        self._pieces = self.pattern.split("?*")

    def rank(self, segments: list[str]) -> tuple[int, ...] | None:
        """Return how well the template matches a path, the least being the best, or None without a match.

        At each segment a literal is better than `{param}`, and that is better than `{proxy+}`.
        """
        if len(segments) < len(self.shape) or (len(segments) > len(self.shape) and not self._greedy):
            return None
        return self._rank if self._agrees(segments) else None

    def may_begin_with(self, segments: list[str]) -> bool:
        """Return whether the template matches some path that begins with the segments."""
        return (self._greedy or len(segments) <= len(self.shape)) and self._agrees(segments)

    def _agrees(self, segments: list[str]) -> bool:
        for expected, segment in zip(self.shape, segments, strict=False):
            if expected != segment and expected not in _RANKS:
                return False
        return True

    def covers(self, path: str) -> bool:
        """Return whether the pattern matches a path without its leading slash, in one pass over both."""
        first, *rest = self._pieces
        if not rest:
            return path == first
        if not path.startswith(first):
            return False
        end, last = len(first), rest.pop()
        for piece in rest:
            # The earliest match leaves the longest rest for the pieces that follow.
            found = path.find(piece, end + 1)
            if found < 0:
                return False
            end = found + len(piece)
        return len(path) > end + len(last) and path.endswith(last)


def _shape_of(segment: str) -> str:
    variable = _VARIABLE.fullmatch(segment)
    if variable is not None:
        return _GREEDY if variable[1] else _PARAMETER
    if _PLAIN_SEGMENT.fullmatch(segment) is None:
        raise ValueError(f'the segment "{segment}" is neither plain text nor {{name}} nor {{name+}}')
    return segment
