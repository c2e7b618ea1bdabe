"""Pages of benchmarks: what a run writes, between what a person wrote."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.goals import Figure
from benchmarks.page import END, Report, begin, replace_generated
from benchmarks.pages import BENCHMARKS, SCALE

BEGIN = begin("goals")


def test_what_a_person_wrote_stays() -> None:
    """A run replaces what the run before it wrote, and nothing around it."""
    page = f"# Title\n\n{BEGIN}\n\nold\n\n{END}\n\nWhy.\n"
    assert replace_generated(page, {"goals": "new"}) == f"# Title\n\n{BEGIN}\n\nnew\n\n{END}\n\nWhy.\n"
    assert replace_generated(replace_generated(page, {"goals": "one"}), {"goals": "new"}) == replace_generated(
        page, {"goals": "new"}
    )


def test_each_part_has_its_own_place() -> None:
    """Each of two parts is written between its own marks, in any order."""
    page = f"{begin('one')}\n\n1\n\n{END}\n\ntext\n\n{begin('two')}\n\n2\n\n{END}\n"
    written = replace_generated(page, {"two": "b", "one": "a"})
    assert written == f"{begin('one')}\n\na\n\n{END}\n\ntext\n\n{begin('two')}\n\nb\n\n{END}\n"


@pytest.mark.parametrize("page", ["", BEGIN, END, f"{END}{BEGIN}", f"{BEGIN}\n\n{begin('other')}\n\n{END}"])
def test_a_page_without_its_marks_is_not_written(page: str) -> None:
    """A page that lost one of its marks would lose what follows it too."""
    with pytest.raises(ValueError, match="marks of its part goals"):
        replace_generated(page, {"goals": "new"})


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        (BENCHMARKS, ("summary", "goals", "warm", "instructions", "cold", "issuer", "compare", "run")),
        (SCALE, ("goals", "cost", "capacity", "limits", "simulation")),
    ],
)
def test_the_pages_have_a_place_for_every_part(path: Path, parts: tuple[str, ...]) -> None:
    """A run of many minutes must not end at a page that lacks the marks of a part."""
    replace_generated(path.read_text(), dict.fromkeys(parts, ""))


@pytest.mark.parametrize(("measured", "verdict"), [(0.5, "stretch met"), (1.0, "gate met"), (1.01, "NOT MET")])
def test_a_verdict_is_of_the_goals(measured: float, verdict: str) -> None:
    """A figure on its goal meets it; above its gate it does not, whatever the spread says."""
    figure = Figure("P1", "what", "×", 1, 0.5, measured, (0.1, 2.0))
    assert figure.verdict == verdict
    assert str(Report([figure])).endswith(f"(0.1 to 2) × | {verdict} |")
