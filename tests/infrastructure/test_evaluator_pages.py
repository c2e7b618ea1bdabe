"""The comparison and the FAQ name a source for each claim, and each link leads somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
COMPARISON = (DOCS / "comparison.md").read_text()
FAQ = (DOCS / "faq.md").read_text()
NOT_SEEN = "not seen"
OURS = "Keyturn"
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
FOOTNOTE = re.compile(r"\[\^([\w-]+)\](?!:)")
DEFINITION = re.compile(r"^\[\^([\w-]+)\]: (.+)$", re.MULTILINE)
OWN_LINK = re.compile(r"\]\((?!https?:)([^)#]*)#?([^)]*)\)")
PUBLIC_LINK = re.compile(r"\]\(https://[^)]+\)")
READ = re.compile(r"\bread \d{4}-\d{2}-\d{2}\b")
SEPARATOR = re.compile(r"[|\-: ]+")


def tables(page: str) -> Iterator[list[list[str]]]:
    """Yield the tables of a page as rows of cells, the heading first."""
    for block in re.findall(r"(?:^\|.*\|\n)+", FENCE.sub("", page), re.MULTILINE):
        lines = [line for line in block.splitlines() if not SEPARATOR.fullmatch(line)]
        yield [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def unsourced(page: str) -> list[str]:
    """Return the cells without a source, of which Keyturn's needs to be a page or a test of this repository."""
    found = []
    for heading, *rows in tables(page):
        for row in rows:
            assert len(row) == len(heading), row
            for column, cell in zip(heading[1:], row[1:], strict=True):
                ours = OURS in (column, row[0])
                sources = OWN_LINK.search(cell) or (not ours and (cell == NOT_SEEN or FOOTNOTE.search(cell)))
                found += [] if sources else [f"{row[0]}, {column}: {cell}"]
    return found


def anchors(page: str) -> set[str]:
    """Return the anchors of a page's headings, as GitHub and MkDocs form them."""
    titles = re.findall(r"^#+ (.+)$", FENCE.sub("", page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def dead_links(page: str) -> list[str]:
    """Return the page's links into this repository whose file or heading does not exist."""
    dead = []
    for path, anchor in OWN_LINK.findall(page):
        target = DOCS / path if path else None
        if target and not target.exists():
            dead.append(path)
        elif anchor and anchor not in anchors(target.read_text() if target else page):
            dead.append(f"{path}#{anchor}")
    return dead


@pytest.mark.parametrize(
    ("cell", "row", "expected"),
    [
        ("yes", "Other", False),
        ("yes[^one]", "Other", True),
        ("not seen", "Other", True),
        ("not seen, but likely", "Other", False),
        ("[keys](keys.md)", "Other", True),
        ("[keys](keys.md)", OURS, True),
        ("yes[^one]", OURS, False),
        ("not seen", OURS, False),
    ],
)
def test_a_cell_without_a_source_is_found(cell: str, row: str, expected: bool) -> None:
    """A cell has a footnote, a link or the words "not seen"; Keyturn's own cells link to a page."""
    assert (unsourced(f"| | price |\n|---|---|\n| {row} | {cell} |\n") == []) is expected


def test_each_cell_of_the_comparison_has_a_source() -> None:
    """Each cell of each table names the source that was read, or says that none was."""
    assert len(list(tables(COMPARISON))) >= 6
    assert unsourced(COMPARISON) == []


def test_each_footnote_is_defined_once_dated_and_used() -> None:
    """Each footnote has a public address and the date on which it was read."""
    definitions = DEFINITION.findall(COMPARISON)
    names = [name for name, _ in definitions]
    assert len(names) == len(set(names))
    assert set(names) == set(FOOTNOTE.findall(COMPARISON))
    assert [name for name, text in definitions if not (PUBLIC_LINK.search(text) and READ.search(text))] == []


def test_each_question_was_asked_in_public_and_has_a_page_that_says_more() -> None:
    """A question of the FAQ links to the thread that asks it, and to the page with the whole answer."""
    questions = re.split(r"^### ", FAQ, flags=re.MULTILINE)[1:]
    assert 20 <= len(questions) <= 30
    for question in questions:
        title = question.splitlines()[0]
        assert title.endswith("?")
        assert PUBLIC_LINK.search(question), title
        assert OWN_LINK.search(question), title


@pytest.mark.parametrize("page", [COMPARISON, FAQ], ids=["comparison", "faq"])
def test_each_link_into_the_repository_leads_to_a_heading(page: str) -> None:
    """A link names a file that exists, and a heading in it."""
    assert OWN_LINK.findall(page)
    assert dead_links(page) == []


def test_the_comparison_says_never_until_a_report_is_there() -> None:
    """The page says that nobody has run Keyturn on AWS, until docs/verification has a report."""
    claims = ("has never run on AWS", "verified on AWS: never", "Nobody has run Keyturn on AWS yet")
    reports = list((DOCS / "verification").glob("2*.md"))
    assert [claim in " ".join(COMPARISON.split()) for claim in claims] == [not reports] * 3


def test_a_link_to_a_heading_that_is_gone_is_found() -> None:
    """A file that is gone and a heading that is gone are both dead links."""
    links = "[a](no-such-page.md) [b](keys.md#no-such-heading) [c](keys.md#the-life-of-a-key) [d](#here)\n# Here\n"
    assert dead_links(links) == ["no-such-page.md", "keys.md#no-such-heading"]
