"""Files in small, with the texts that the check has to find in each and the line of each."""

from __future__ import annotations

import pytest

from tests.language.check import prose
from tests.language.sentences import sentences


def texts_of(path: str, source: str) -> list[tuple[int, str]]:
    """Return the sentences of a file with their lines."""
    return [
        (block.line + sentence.line, sentence.text)
        for block in prose(path, source)
        for sentence in sentences(block.text)
    ]


_PYTHON = '''"""First. Second
goes on."""

# A comment that
# goes on.
VALUE = "# no comment"  # trailing
TEXT = f(
    """no docstring"""
)  # noqa: E501


def function():
    """Third.

        code by indentation

    - An item.
    """
    raise ValueError(f"the value {VALUE} is not one of " "the values")
'''


def test_python() -> None:
    """Docstrings, comments and, in the folders with messages, literals are found at their lines."""
    found = [
        (1, "First."),
        (1, "Second goes on."),
        (4, "A comment that goes on."),
        (6, "trailing"),
        (13, "Third."),
        (17, "An item."),
    ]
    assert sorted(texts_of("tests/a.py", _PYTHON)) == found
    assert sorted(texts_of("cli/a.py", _PYTHON)) == [*found, (19, "the value {…} is not one of the values")]


@pytest.mark.parametrize(
    "literal", ["a b", "SET #a = :b, c = :d", "attribute_not_exists(pk) AND v = :v", "<p>one two three four</p>"]
)
def test_other_literals_are_no_prose(literal: str) -> None:
    """Short strings, expressions of DynamoDB and HTML are left out."""
    assert texts_of("cli/a.py", f"x = {literal!r}\n") == []


def test_markdown() -> None:
    """Paragraphs, headings, items and cells are found; code, comments and rulers are left out."""
    source = (
        "# Title\n\nOne\nline. Two.\n\n```sh\ncode\n```\n<!-- x -->\n- item\n  goes on\n\n| a | `b|c` d |\n|---|---|\n"
    )
    found = [(1, "Title"), (3, "One line."), (4, "Two."), (10, "item goes on"), (13, "a"), (13, "`b|c` d")]
    assert texts_of("docs/a.md", source) == found


def test_generated_tables_are_left_out() -> None:
    """A page with a generated table has its prose judged, and no cell."""
    assert texts_of("docs/requirements.md", "One.\n\n| cell |\n|---|\n") == [(1, "One.")]


def test_yaml() -> None:
    """Descriptions and comments of YAML are found."""
    source = "# A comment.\nA:\n  Description: >-\n    One\n    line.\n  B:\n    Description: Two.\n"
    assert sorted(texts_of("a.yaml", source)) == [(1, "A comment."), (4, "One line."), (7, "Two.")]


def test_makefile() -> None:
    """Help texts and comments of a Makefile are found."""
    assert texts_of("Makefile", "# One.\na: b ## two\n\t@c # three\n") == [(1, "One."), (2, "two"), (3, "three")]
