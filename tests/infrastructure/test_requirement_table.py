"""The table of requirements says what the tests say."""

from __future__ import annotations

import re

from tests.infrastructure.requirement_table import PAGE, find_proofs, named_ids, render


def test_the_table_is_what_the_docstrings_say() -> None:
    """Whoever adds a test or takes one away writes the table again: make requirements."""
    page = PAGE.read_text()
    assert render(page, find_proofs()) == page


def test_a_test_names_requirements_that_exist() -> None:
    """No docstring names a requirement that is not in the table."""
    known = set(re.findall(r"^\| ([RAGI]\d+) \|", PAGE.read_text(), re.MULTILINE))
    assert set(find_proofs()) <= known


def test_a_range_names_each_of_its_requirements() -> None:
    """One docstring may name a whole row of them."""
    assert named_ids("Errors as they must be (R20 to R22, A4).") == {"R20", "R21", "R22", "A4"}
