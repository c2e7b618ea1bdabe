"""Filter patterns match what CloudWatch Logs' page says, and the template's match the lines that they are for alone."""

from __future__ import annotations

from typing import Any

import pytest

from tests.aws.filter_lines import LINES
from tests.infrastructure.native_template import NativeTemplate
from tests.infrastructure.replay.filter_pattern import FilterPattern, UndefinedMatch, UnsupportedPattern


@pytest.mark.parametrize(
    ("pattern", "event", "matches"),
    [
        ('{ $.a = "x" }', {"a": "x"}, True),
        ('{ $.a = "x" }', {"a": "xy"}, False),
        ('{ $.a = "x*" }', {"a": "xy"}, True),
        ('{ $.a = "*y" }', {"a": "xy"}, True),
        ('{ $.a = "*" }', {"a": ""}, True),
        ('{ $.a = "*" }', {}, False),
        ('{ $.a = "*" }', {"a": 1}, False),
        ('{ $.a = "." }', {"a": "x"}, False),
        ('{ $.a.b = "x" }', {"a": {"b": "x"}}, True),
        ('{ $.a.b = "x" }', {"a": "b"}, False),
        ("{ $.a >= 80 }", {"a": 80.0}, True),
        ("{ $.a >= 80 }", {"a": 79.9}, False),
        ("{ $.a >= 80 }", {"a": "80"}, False),
        ("{ $.a = 303 }", {"a": 303}, True),
        ("{ $.a < 1 }", {"a": True}, False),
        ('{ $.a != "x" }', {"a": "y"}, True),
        ('{ ($.a = "x") || ($.b = "y") }', {"b": "y"}, True),
        ('{ ($.a = "x") && ($.b = "y") }', {"b": "y"}, False),
        ('{ ($.a = 1) && (($.b = "y") || ($.b = "z")) }', {"a": 1, "b": "z"}, True),
    ],
)
def test_a_pattern_matches(pattern: str, event: dict[str, Any], matches: bool) -> None:
    """Strings with wildcards, numbers, nested properties, and, or."""
    assert FilterPattern(pattern).matches(event) is matches


@pytest.mark.parametrize(
    "pattern",
    [
        "ERROR",
        "{ $.a = x }",
        "{ $.a IS NULL }",
        "{ $.a NOT EXISTS }",
        '{ $.a[0] = "x" }',
        '{ $.a = "x*y" }',
        '{ $.a > "x" }',
        '{ $.a = "x" || $.b = "y" && $.c = "z" }',
        '{ ($.a = "x" }',
        '{ $.a = "x") }',
        "{ $.a != 1 }",
        '{ "x" = $.a }',
        "{ }",
        '[a, b = "x"]',
    ],
)
def test_a_pattern_outside_of_the_subset_is_refused(pattern: str) -> None:
    """Syntax that was never compared with AWS's page raises UnsupportedPattern."""
    with pytest.raises(UnsupportedPattern):
        FilterPattern(pattern)


def test_a_comparison_with_nothing_is_refused() -> None:
    """Patterns avoid `!=` on a property that may be missing: AWS does not document the result."""
    with pytest.raises(UndefinedMatch):
        FilterPattern('{ $.a != "x" }').matches({})


@pytest.mark.parametrize(("name", "event", "matches"), LINES)
def test_a_filter_matches_the_lines_that_it_is_for(
    template: NativeTemplate, name: str, event: dict[str, Any], matches: bool
) -> None:
    """Each filter of the template counts its own lines, and none of a request that was refused."""
    assert FilterPattern(template.properties(name)["FilterPattern"]).matches(event) is matches
