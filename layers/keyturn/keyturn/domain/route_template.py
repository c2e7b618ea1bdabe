"""Route templates as API Gateway writes them: `/reports`, `/reports/{id}`, `/files/{proxy+}`.

A TOKEN event tells the path alone, so the route that API Gateway chose has to be found again: at each segment the
literal goes before `{param}`, and that before `{proxy+}`. Only routes with a rule are known here, so that a rule for
`/{proxy+}` also opens a narrower route of the API that has no rule of its own; REQUEST events name their route.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_PARAMETER = "{}"
_GREEDY = "{+}"
_RANKS = {_PARAMETER: 1, _GREEDY: 2}

_VARIABLE = re.compile(r"\{[A-Za-z0-9._-]+(\+?)\}")
# What can only be read one way. An encoded slash, a semicolon, a dot segment or an empty segment (a trailing or doubled
# slash) may be one route for API Gateway and another one here (G7); REQUEST events name the route and allow them all.
_PLAIN_SEGMENT = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._~!$&'()+,=:@-]+")


class RouteTemplate:
    """One template: its `text`, and its `shape`, in which parameters have lost their names."""

    __slots__ = ("shape", "text")

    def __init__(self, text: str) -> None:
        """Read the template; raises ValueError that says what is wrong with it."""
        if not text.startswith("/"):
            raise ValueError("a path begins with /")
        self.text = text
        self.shape = tuple(_shape_of(segment) for segment in _segments(text[1:]))
        if _GREEDY in self.shape[:-1]:
            raise ValueError("a greedy parameter such as {proxy+} is the last segment")

    def rank(self, segments: list[str]) -> tuple[int, ...] | None:
        """Return how well the path fits, the least being the best, or None if it does not."""
        greedy = self.shape[-1:] == (_GREEDY,)
        if len(segments) < len(self.shape) or (len(segments) > len(self.shape) and not greedy):
            return None
        for expected, segment in zip(self.shape, segments, strict=False):
            if expected not in _RANKS and expected != segment:
                return None
        return tuple(_RANKS.get(expected, 0) for expected in self.shape)

    @property
    def has_wildcards(self) -> bool:
        """Whether it has a parameter of either kind."""
        return not _RANKS.keys().isdisjoint(self.shape)

    @property
    def pattern(self) -> str:
        """The path in a policy, without the leading slash: each parameter is one character or more, slashes too."""
        return "/".join("?*" if segment in _RANKS else segment for segment in self.shape)

    def covers(self, path: str) -> bool:
        """Tell whether the pattern matches a path without its leading slash."""
        expression = "/".join(".+" if segment in _RANKS else re.escape(segment) for segment in self.shape)
        return re.fullmatch(expression, path, re.DOTALL) is not None

    def overlaps(self, other: RouteTemplate) -> bool:
        """Tell whether some path fits both patterns."""
        return _meet(self.shape, other.shape)


def match_path(templates: Iterable[RouteTemplate], path: str) -> str | None:
    """Return the text of the template that API Gateway chooses for a path without its leading slash, or None."""
    segments = _segments(path)
    if not all(_PLAIN_SEGMENT.fullmatch(segment) for segment in segments):
        return None
    ranked = [(rank, template.text) for template in templates if (rank := template.rank(segments)) is not None]
    return min(ranked)[1] if ranked else None


def _segments(path: str) -> list[str]:
    return path.split("/") if path else []


def _meet(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    if not one or not other:
        return one == other
    wild, wild_too = one[0] in _RANKS, other[0] in _RANKS
    if not wild and not wild_too and one[0] != other[0]:
        return False
    # Both give a segment; a parameter may go on and give the next one, too.
    return (
        _meet(one[1:], other[1:])
        or (wild and len(other) > 1 and _meet(one, other[1:]))
        or (wild_too and len(one) > 1 and _meet(one[1:], other))
    )


def _shape_of(segment: str) -> str:
    variable = _VARIABLE.fullmatch(segment)
    if variable is not None:
        return _GREEDY if variable[1] else _PARAMETER
    if _PLAIN_SEGMENT.fullmatch(segment) is None:
        raise ValueError(f'the segment "{segment}" is neither plain text nor {{name}} nor {{name+}}')
    return segment
