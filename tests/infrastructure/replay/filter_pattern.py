"""Filter patterns of CloudWatch Logs for JSON log events ("Filter pattern syntax for metric filters").

The subset that the template uses: `{ ... }` with `||`, `&&`, parentheses, six comparisons, numbers, and quoted strings
with `*` at either end. Anything else is refused, since its meaning was never compared with AWS's page.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

_TOKEN = re.compile(
    r"""\s*(?:(?P<mark>\|\||&&|[()])|(?P<selector>\$(?:\.\w+)+)|(?P<comparison>!=|<=|>=|=|<|>)"""
    r"""|(?P<number>-?\d+(?:\.\d+)?)(?![\w.])|"(?P<text>[^"\\]*)")""",
    re.ASCII,
)
_ORDER: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
}
_MISSING = object()

Condition = Callable[[Mapping[str, Any]], bool]


class UnsupportedPattern(ValueError):
    """The pattern uses syntax that is not in the subset."""


class UndefinedMatch(ValueError):
    """AWS's page does not say whether the event matches."""


class FilterPattern:
    """A pattern; raises UnsupportedPattern when it is made."""

    def __init__(self, pattern: str) -> None:
        """Read the pattern."""
        stripped = pattern.strip()
        if not (stripped.startswith("{") and stripped.endswith("}")):
            raise UnsupportedPattern(f"no pattern for JSON: {pattern}")
        self._tokens = _read_tokens(stripped[1:-1])
        self._condition = self._read_condition()
        if self._tokens:
            raise UnsupportedPattern(f"after the pattern: {self._tokens}")

    def matches(self, event: Mapping[str, Any]) -> bool:
        """Return whether a log event matches; raises UndefinedMatch for `!=` of a property that is not there."""
        return self._condition(event)

    def _read_condition(self) -> Condition:
        conditions = [self._read_term()]
        marks = set()
        while self._tokens and self._tokens[0][1] in {"||", "&&"}:
            marks.add(self._tokens.pop(0)[1])
            conditions.append(self._read_term())
        if len(marks) > 1:
            raise UnsupportedPattern("|| and && without parentheses between them")
        every = all if "&&" in marks else any
        return lambda event: every(condition(event) for condition in conditions)

    def _read_term(self) -> Condition:
        kind, text = self._take()
        if text == "(" and kind == "mark":
            condition = self._read_condition()
            if self._take() != ("mark", ")"):
                raise UnsupportedPattern("a parenthesis that is not closed")
            return condition
        if kind != "selector":
            raise UnsupportedPattern(f"{text} instead of a property")
        comparison = self._take()
        value = self._take()
        if comparison[0] != "comparison" or value[0] not in {"text", "number"}:
            raise UnsupportedPattern(f"{text} is compared with nothing")
        return _comparison(text, comparison[1], value)

    def _take(self) -> tuple[str, str]:
        if not self._tokens:
            raise UnsupportedPattern("the pattern ends too early")
        return self._tokens.pop(0)


def _read_tokens(text: str) -> list[tuple[str, str]]:
    tokens, position = [], 0
    end = len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise UnsupportedPattern(text[position:])
        tokens.append((match.lastgroup, match[match.lastgroup]))
        position = match.end()
    return tokens


def _comparison(selector: str, comparison: str, value: tuple[str, str]) -> Condition:
    kind, text = value
    path = selector.split(".")[1:]
    if kind == "number" and comparison in _ORDER:
        return lambda event: _is_number(found := _find(event, path)) and _ORDER[comparison](found, float(text))
    if kind == "text" and comparison == "=":
        matches = _text_matcher(text)
        return lambda event: isinstance(found := _find(event, path), str) and matches(found)
    if kind == "text" and comparison == "!=":
        return lambda event: not _text_matcher(text)(_existing(event, path))
    raise UnsupportedPattern(f"{comparison} {text}")


def _text_matcher(text: str) -> Callable[[str], bool]:
    inner = text.strip("*")
    if "*" in inner:
        raise UnsupportedPattern(f"a wildcard within {text}")
    head, tail = ("" if text.startswith("*") else "^"), ("" if text.endswith("*") else r"\Z")
    pattern = re.compile(f"{head}{re.escape(inner)}{tail}")
    return lambda found: pattern.search(found) is not None


def _existing(event: Mapping[str, Any], path: list[str]) -> str:
    found = _find(event, path)
    if not isinstance(found, str):
        raise UndefinedMatch(f"{'.'.join(path)} is not there")
    return found


def _find(event: Mapping[str, Any], path: list[str]) -> Any:
    found: Any = event
    for name in path:
        found = found.get(name, _MISSING) if isinstance(found, dict) else _MISSING
    return found


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
