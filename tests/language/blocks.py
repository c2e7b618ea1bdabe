"""Finds the paragraphs, list items, headings and table cells of Markdown, docstrings and comments."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

TEXT = "text"
ITEM = "item"
HEADING = "heading"
CELL = "cell"

_ITEM = re.compile(r"(\s*)(?:[-*+•]|\d{1,2}[.)])\s+(?=\S)")
_HEADING = re.compile(r"#{1,6}\s+")
_RULE = re.compile(r"[\s\-=*_~#|:+.]*$")
_FENCE = re.compile(r"\s*(?:>\s*)?(```|~~~)")
_CODE_INDENT = 4


class Block(NamedTuple):
    """One text, and the line of its file at which it begins."""

    line: int
    kind: str
    text: str


class _Reader:
    def __init__(self) -> None:
        self.lines: list[str] = []
        self.start = 0
        self.kind = TEXT
        self.indent = 0

    def add(self, number: int, line: str) -> None:
        if not self.lines:
            self.start = number
        self.lines.append(line.strip())

    def flush(self) -> Iterator[Block]:
        if self.lines:
            yield Block(self.start, self.kind, "\n".join(self.lines))
        self.lines, self.kind = [], TEXT


def blocks(lines: Iterable[str], first: int, *, tables: bool = True) -> Iterator[Block]:
    """Yield the texts of the lines, the first of which has the number `first`; code is left out, on wish tables too."""
    reader = _Reader()
    in_list = blank = False
    for number, line in _visible(lines, first):
        if _RULE.match(line) or line.lstrip().startswith(">>>"):
            yield from reader.flush()
            blank = True
            continue
        indent = len(line) - len(line.lstrip())
        if heading := _HEADING.match(line):
            yield from reader.flush()
            yield Block(number, HEADING, line[heading.end() :].strip(" #"))
            in_list = False
        elif line.lstrip().startswith("|"):
            yield from reader.flush()
            yield from _cells(number, line) if tables else ()
        elif item := _ITEM.match(line):
            yield from reader.flush()
            reader.kind, in_list = ITEM, True
            reader.add(number, line[item.end() :])
        elif reader.lines or not _is_code(indent, blank=blank, in_list=in_list):
            in_list = in_list and (indent > 0 or bool(reader.lines))
            reader.add(number, line)
        blank = False
    yield from reader.flush()


def _is_code(indent: int, *, blank: bool, in_list: bool) -> bool:
    return blank and indent >= _CODE_INDENT and not in_list


def _visible(lines: Iterable[str], first: int) -> Iterator[tuple[int, str]]:
    """Yield the numbered lines without comments and fenced code; a fence becomes an empty line, which ends a text."""
    fenced = comment = False
    for number, line in enumerate(lines, first):
        if comment or line.lstrip().startswith("<!--"):
            comment = "-->" not in line
        elif _FENCE.match(line):
            fenced = not fenced
            yield number, ""
        elif not fenced:
            yield number, re.sub(r"^\s*>(?!>)\s?", "", line)


def _cells(number: int, line: str) -> Iterator[Block]:
    code = re.sub(r"(`+).+?\1", lambda match: match[0].replace("|", "\x02"), line)
    for cell in re.split(r"(?<!\\)\|", code.strip().strip("|")):
        if text := cell.strip().replace("\x02", "|"):
            yield Block(number, CELL, text)
