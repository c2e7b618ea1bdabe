"""A start also prints text of other programs, which cannot control the terminal."""

from __future__ import annotations

import io

import pytest

from local.progress import Progress

HOSTILE = "\x1b[2J\x9b\u202e\r"
SHOWN = "\\x1b[2J\\x9b\\u202e\\x0d"


def test_lines_steps_and_results_are_escaped() -> None:
    """Each line keeps its line feeds, and everything else that a terminal obeys is escaped."""
    printed = io.StringIO()
    progress = Progress(printed)
    progress.line(f"\n{HOSTILE}\nafter")
    with progress.step(HOSTILE) as step:
        step.result = HOSTILE
    assert printed.getvalue().startswith(f"\n{SHOWN}\nafter\n  {SHOWN}  ")
    assert f"  {SHOWN}  (" in printed.getvalue()


def test_a_step_that_fails_is_escaped_too() -> None:
    """The name of a step that failed is escaped."""
    printed = io.StringIO()
    with pytest.raises(KeyError), Progress(printed).step("a\x1b"):
        raise KeyError
    assert printed.getvalue().split() == ["a\\x1b", "failed"]
