"""The page of benchmarks: what a run writes, between what a person wrote."""

from __future__ import annotations

import pytest

from benchmarks.goals import Figure, goal_table
from benchmarks.page import BEGIN, END, Report, generated_part, replace_generated


def test_what_a_person_wrote_stays() -> None:
    """A run replaces what the run before it wrote, and nothing around it."""
    page = f"# Title\n\n{BEGIN}\n\nold\n\n{END}\n\nWhy.\n"
    assert replace_generated(page, "new") == f"# Title\n\n{BEGIN}\n\nnew\n\n{END}\n\nWhy.\n"
    assert replace_generated(replace_generated(page, "one"), "new") == replace_generated(page, "new")


@pytest.mark.parametrize("page", ["", BEGIN, END, f"{END}{BEGIN}"])
def test_a_page_without_its_marks_is_not_written(page: str) -> None:
    """A page that lost one of its marks would lose its end too."""
    with pytest.raises(ValueError, match="marks"):
        replace_generated(page, "new")


def test_all_goals_stand_in_one_table() -> None:
    """Figures of all reports come first, then the picture, then the text of each report."""
    one, two = (Figure(goal, "what", "×", 1, 0.5, 0.7) for goal in ("P1", "P4"))
    part = generated_part([Report([one], "text one"), Report([two])], "run", "picture.png")
    assert part == "\n\n".join(
        ["run", goal_table([one, two]), "![Warm ratios and cold instructions](picture.png)", "text one"]
    )


@pytest.mark.parametrize(("measured", "verdict"), [(0.5, "stretch met"), (1.0, "gate met"), (1.01, "NOT MET")])
def test_a_verdict_is_of_the_goals(measured: float, verdict: str) -> None:
    """A figure on its goal meets it; above its gate it does not, whatever the spread says."""
    figure = Figure("P1", "what", "×", 1, 0.5, measured, (0.1, 2.0))
    assert figure.verdict == verdict
    assert str(Report([figure])).endswith(f"(0.1 to 2) × | {verdict} |")
