"""Pages of the documentation name a rule by its words or its RFC, and not by an id of docs/requirements.md."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Ids of docs/requirements.md, such as R01, P1, A14, G4 and I3.
INTERNAL_ID = re.compile(r"(?<![\w-])(?:R\d\d|[PAGI]\d{1,2})(?![\w-])")
# The catalogue of the ids; the pages for a contributor and an auditor, who look them up there.
WITH_IDS = {"docs/requirements.md", "SECURITY.md", "CONTRIBUTING.md"}

PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "docs" / "verification").glob("*.md"))
)


@pytest.mark.parametrize("page", [page for page in PAGES if page not in WITH_IDS])
def test_a_page_has_no_internal_id(page: str) -> None:
    """A reader needs no other table to understand a page."""
    assert INTERNAL_ID.findall((ROOT / page).read_text()) == []


def test_an_id_is_found() -> None:
    """The pattern knows each kind of id, and leaves names of algorithms and files alone."""
    assert INTERNAL_ID.findall("R01, P1 and A14 (G4) by I3; not A128GCM, R0-1 or x-R01") == [
        "R01",
        "P1",
        "A14",
        "G4",
        "I3",
    ]
