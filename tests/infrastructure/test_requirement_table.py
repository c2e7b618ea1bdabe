"""The table of requirements and its data say what the tests say."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.infrastructure.requirement_table import (
    DATA,
    PAGE,
    find_proofs,
    named_ids,
    render,
    render_data,
    requirements,
)

ROW = "| R01 | A token has \\| three segments. |  |  |"


def test_the_table_is_what_the_docstrings_say() -> None:
    """A commit that adds a test or takes one away writes table and data again: make requirements."""
    page, proofs = PAGE.read_text(), find_proofs()
    assert render(page, proofs) == page
    assert render_data(page, proofs) == DATA.read_text()


def test_a_test_names_requirements_that_exist() -> None:
    """Every requirement that a docstring names is in the table."""
    assert set(find_proofs()) <= set(requirements(PAGE.read_text()))


def test_every_requirement_is_built() -> None:
    """At least one test names each requirement."""
    assert set(requirements(PAGE.read_text())) <= set(find_proofs())


def test_a_range_names_each_of_its_requirements() -> None:
    """One docstring may name a whole row of them."""
    assert named_ids("Errors as they must be (R20 to R22, A4).") == {"R20", "R21", "R22", "A4"}


@pytest.mark.parametrize(
    ("files", "cells"),
    [
        ({}, "not built yet | –"),
        ({"unit/a.py": 2}, "tested | 2 in 1 file"),
        ({"unit/a.py": 2, "aws/b.py": 1}, "tested, fact for AWS | 3 in 2 files"),
    ],
)
def test_a_row_says_state_and_count(files: dict[str, int], cells: str) -> None:
    """The state is "not built yet" without a test, and names AWS where a test of tests/aws is among them."""
    assert render(ROW, {"R01": Counter(files)}) == f"| R01 | A token has \\| three segments. | {cells} |"
