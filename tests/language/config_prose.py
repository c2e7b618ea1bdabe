"""Finds descriptions, help texts and comments of YAML, TOML, Makefiles, shell scripts and requirements."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.language.blocks import TEXT, Block, blocks

_COMMENT = re.compile(r"(?P<before>^\s*@?|.*?\s)#(?P<text>(?!!).*)$")
_SKIPPED = re.compile(
    r"\s*(?:shellcheck|noqa|pragma|checkov:skip|cfn-lint|yaml-language|v\d[\d.]*\s*$|[-=~]{3,}|\s*via )"
)
_DESCRIPTION = re.compile(
    r"(?P<indent>\s*(?:- )?)\"?(?:(?:Constraint|Alarm)?Description|description|summary)\"?:\s*(?P<text>.*)$"
)
_HELP = re.compile(r"[\w.$() /-]+:.*?##\s+(?P<text>.*)$")
_BLOCK_SCALAR = re.compile(r"(?:!Sub\s+)?[>|][+-]?\d?\s*$")


def comments(source: str) -> Iterator[Block]:
    """Yield the comments, a run of lines as one text, and the help texts of a Makefile."""
    run: list[str] = []
    start = 0
    for number, line in enumerate(source.split("\n"), 1):
        if helped := _HELP.match(line):
            yield from blocks(run, start)
            run = []
            yield Block(number, TEXT, helped["text"])
            continue
        found = _COMMENT.match(line)
        alone = found is not None and found["before"].strip(" \t@") == ""
        if run and not alone:
            yield from blocks(run, start)
            run = []
        if found is None or _quoted(found["before"]) or _SKIPPED.match(found["text"]):
            continue
        if alone:
            start = start if run else number
            run.append(found["text"].removeprefix(" "))
        else:
            yield from blocks([found["text"].removeprefix(" ")], number)
    yield from blocks(run, start)


def descriptions(source: str) -> Iterator[Block]:
    """Yield the values of `Description`, `description` and `summary` of YAML."""
    lines = source.split("\n")
    for index, line in enumerate(lines):
        found = _DESCRIPTION.match(line)
        if found is None:
            continue
        indent = len(found["indent"])
        following = []
        for later in lines[index + 1 :]:
            if later.strip() and len(later) - len(later.lstrip()) <= indent:
                break
            following.append(later)
        text = found["text"]
        if _BLOCK_SCALAR.match(text):
            margin = min((len(each) - len(each.lstrip()) for each in following if each.strip()), default=0)
            yield from blocks([each[margin:] for each in following], index + 2)
        elif text and text[0] not in "&*{[":
            yield from blocks([_unquoted(text), *(each.strip().rstrip("\"'") for each in following)], index + 1)


def _unquoted(text: str) -> str:
    return text.strip().strip("\"'") if text[:1] in "\"'" else text


def _quoted(before: str) -> bool:
    return before.count('"') % 2 == 1 or before.count("'") % 2 == 1
