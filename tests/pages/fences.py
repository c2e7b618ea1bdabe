"""The fenced blocks of the pages that users read, in the order in which the README lists the pages.

A reader types each block of commands (`reader`), but for those with a mark: `<!-- run by: TEST -->` names the test that
runs the block, and `<!-- not run: REASON -->` says why no test can. Neither GitHub nor the site shows a mark.
"""

from __future__ import annotations

import functools
import itertools
import posixpath
import re
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(
    r"(?:^ *<!-- (?:not run: (?P<mark>[^\n]*?)|run by: (?P<test>[^\n]*?)) -->\n+)?"
    r"^(?P<indent> *)```(?P<language>\w*)\n(?P<text>.*?)^(?P=indent)```",
    re.MULTILINE | re.DOTALL,
)
_LINK = re.compile(r"\]\(([^)#:]+\.md)\)")
_HEADING = re.compile(r"^#", re.MULTILINE)
_SUBCOMMAND = re.compile(r"[a-z][a-z0-9-]*")


class Fence(NamedTuple):
    """A block with its marks: why it is not run, or which test runs it; `output` is the text that the page shows."""

    page: str
    line: int
    language: str
    text: str
    mark: str | None
    test: str | None
    output: str | None

    @property
    def name(self) -> str:
        """The place of the block."""
        return f"{self.page}:{self.line}"

    @property
    def is_typed(self) -> bool:
        """Return whether the reader of the page types the block."""
        return self.mark is None and self.test is None


def page_names() -> list[str]:
    """Return the paths of the pages: the README, those of its tables in their order, and all others."""
    readme = (ROOT / "README.md").read_text()
    listed = ["README.md", *_LINK.findall(readme.partition("\n## Further\n")[2])]
    found = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/*/README.md")]
    others = sorted(path.relative_to(ROOT).as_posix() for path in found if "node_modules" not in path.parts)
    return list(dict.fromkeys([posixpath.normpath(each) for each in listed] + others))


@functools.cache
def fences_of(page: str) -> tuple[Fence, ...]:
    """Return the blocks of a page, in their order."""
    return tuple(read_fences(page, (ROOT / page).read_text()))


def read_fences(page: str, text: str) -> Iterator[Fence]:
    """Yield the blocks of a text; an output is the next block of `text` under the same heading."""
    found = list(_FENCE.finditer(text))
    for block, following in itertools.zip_longest(found, found[1:]):
        output = None
        if following is not None and following["language"] == "text":
            is_near = not _HEADING.search(text[block.end() : following.start()])
            output = textwrap.dedent(following["text"]) if is_near else None
        yield Fence(
            page,
            text.count("\n", 0, block.start("language")) + 1,
            block["language"],
            textwrap.dedent(block["text"]),
            block["mark"],
            block["test"],
            output,
        )


def commands_of(page: str) -> list[Fence]:
    """Return the blocks of commands of a page."""
    return [fence for fence in fences_of(page) if fence.language == "sh"]


def programs_of(text: str) -> list[str]:
    """Return each command of a block as its program and subcommand, once."""
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    words = [re.sub(r"^\w+=\$\(", "", line.strip()).split() for line in lines]
    named = (
        [each[0], *itertools.takewhile(_SUBCOMMAND.fullmatch, each[1:])] for each in words if each and each[0] != "#"
    )
    return list(dict.fromkeys(map(" ".join, named)))


def prose_of(page: str) -> str:
    """Return the text of a page without its blocks."""
    return _FENCE.sub("", (ROOT / page).read_text())


def inline_codes(page: str) -> list[str]:
    """Return the texts between backticks in the prose of a page, on one line each."""
    return [" ".join(code.split()) for code in re.findall(r"(?<!`)`([^`]+)`(?!`)", prose_of(page))]
