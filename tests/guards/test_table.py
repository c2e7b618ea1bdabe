"""The table of guards agrees with the code, the tests and the page; `make guards` tries it."""

from __future__ import annotations

import ast

import pytest

from tests.guards.page import PAGE, render
from tests.guards.table import GUARDS, RULES, Guard
from tests.infrastructure.requirement_table import named_ids


def test_every_rule_has_its_line() -> None:
    """R01 to R19, A1 to A22 and the ids of the access rules stand in the table once each."""
    assert sorted(guard.rule for guard in GUARDS) == sorted(RULES)


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.rule)
def test_a_guard_names_one_line_and_a_test_that_names_the_rule(guard: Guard) -> None:
    """The text stands once in its file, losing it changes the file, and the test's docstring names the rule."""
    assert guard.source.read_text().count(guard.text) == 1
    assert guard.without != guard.text
    functions = {
        node.name: ast.get_docstring(node)
        for node in ast.parse(guard.test_file.read_text()).body
        if isinstance(node, ast.FunctionDef)
    }
    assert guard.rule in named_ids(functions[guard.test.partition("::")[2]] or "")


def test_the_page_shows_the_table() -> None:
    """docs/verifier.md has each rule's line and test; `make requirements` writes them."""
    assert PAGE.read_text() == render(PAGE.read_text())
