"""Sequence diagrams of the docs: the calls on AWS that their arrows name, in order, and whether a trace fits them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
_DIAGRAM = re.compile(r"^```mermaid\nsequenceDiagram\n(.*?)^```", re.DOTALL | re.MULTILINE)
_ARROW = re.compile(r"(\w+)-{1,2}>>(\w+): (.*)")
_OPERATION = re.compile(r"\b([A-Z][a-z]+(?:[A-Z][a-z]+)+|Query|Sign)\b(?: (\w+))?")
# The table, and of users and credentials the kind of item, of what an arrow to DynamoDB names first.
_TABLES = {
    "clients": ("client", "resource"),
    "grants": ("grant", "assertion", "rate"),
    "revocations": ("revocations", "global", "feed"),
    "rings": ("rings", "ring"),
    "users id": ("address",),
    "users profile": ("user",),
    "users consent": ("consent",),
    "authorities": ("authority",),
    "sessions": ("session",),
    "interactions": ("interaction",),
    "credentials password": ("password",),
    "credentials failures": ("failures",),
    "credentials attempts": ("attempts",),
    "credentials d": ("device",),
}
_TABLE = {noun: table for table, nouns in _TABLES.items() for noun in nouns}
_AWS = {"D": "DynamoDB", "K": "KMS", "P": "SSM"}
_BLOCKS = {"opt", "alt", "par", "loop"}


class Call(NamedTuple):
    """A call, or in a diagram one or more like it, by the letter of the function that asks; `table` is DynamoDB's."""

    asked_by: str
    service: str
    operation: str
    table: str = ""


class Block(NamedTuple):
    """An opt, alt, par or loop with its branches, or with the kind "seq" a whole diagram."""

    kind: str
    branches: list[list[Call | Block]]


def diagrams(page: str) -> list[Block]:
    """Return the sequence diagrams of a page below docs."""
    return [_parse(match[1].splitlines()) for match in _DIAGRAM.finditer((ROOT / "docs" / page).read_text())]


def _parse(lines: Sequence[str]) -> Block:
    stack = [Block("seq", [[]])]
    for line in map(str.strip, lines):
        word = line.partition(" ")[0]
        if word in _BLOCKS:
            block = Block(word, [[]])
            stack[-1].branches[-1].append(block)
            stack.append(block)
        elif word in ("else", "and"):
            stack[-1].branches.append([])
        elif word == "end":
            stack.pop()
        elif arrow := _ARROW.match(line):
            stack[-1].branches[-1].extend(_calls(arrow))
    [whole] = stack
    return whole


def _calls(arrow: re.Match[str]) -> Iterator[Call]:
    if arrow[2] in _AWS:
        for operation, noun in _OPERATION.findall(arrow[3]):
            yield Call(arrow[1], _AWS[arrow[2]], operation, _TABLE[noun] if arrow[2] == "D" else "")


def fits(diagram: Block, trace: Sequence[Call]) -> bool:
    """Return whether the trace is one way through the diagram, from its first arrow to its last."""
    return len(trace) in _ends(diagram, tuple(trace), 0)


def _ends(block: Block, trace: tuple[Call, ...], start: int) -> set[int]:
    """Return how far the trace can be when the block, entered at `start`, is over."""
    if block.kind == "par":
        return {end for end in range(start, len(trace) + 1) if _interleaves(block.branches, trace[start:end])}
    ends = {end for branch in block.branches for end in _sequence(branch, trace, {start})}
    if block.kind == "opt":
        return ends | {start}
    if block.kind == "loop":
        known = {start}
        while not ends <= known:
            known |= ends
            ends = {end for branch in block.branches for end in _sequence(branch, trace, ends)}
        return known
    return ends


def _sequence(branch: Sequence[Call | Block], trace: tuple[Call, ...], starts: set[int]) -> set[int]:
    for step in branch:
        if isinstance(step, Block):
            starts = {end for start in starts for end in _ends(step, trace, start)}
        else:
            starts = {end for start in starts for end in _repeats(step, trace, start)}
    return starts


def _repeats(step: Call, trace: tuple[Call, ...], start: int) -> Iterator[int]:
    while start < len(trace) and trace[start] == step:
        start += 1
        yield start


def _interleaves(branches: Sequence[Sequence[Call | Block]], trace: tuple[Call, ...]) -> bool:
    """Return whether the trace is the branches' calls, each branch in its order."""
    if not branches:
        return not trace
    first, *others = branches
    for chosen in range(2 ** len(trace)):
        own = tuple(call for place, call in enumerate(trace) if chosen >> place & 1)
        rest = tuple(call for place, call in enumerate(trace) if not chosen >> place & 1)
        if len(own) in _sequence(first, own, {0}) and _interleaves(others, rest):
            return True
    return False
