"""The index of the decisions, compared with the decisions."""

from __future__ import annotations

import re
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "docs" / "adr"
ROW = re.compile(r"^\| \[(\d{4})\]\(([^)]+)\) \| (.+) \|$", re.MULTILINE)
TITLE = re.compile(r"# (\d+)\. (.+)")


def test_the_index_lists_each_decision_once_by_number() -> None:
    """The rows have the numbers and titles of the pages, in the order of the numbers."""
    expected = []
    for page in sorted(FOLDER.glob("[0-9]*.md"))[1:]:
        title = TITLE.match(page.read_text())
        assert title is not None, page.name
        assert page.name.startswith(f"{int(title[1]):04}-"), page.name
        expected.append((page.name[:4], page.name, title[2]))
    assert ROW.findall((FOLDER / "README.md").read_text()) == expected
