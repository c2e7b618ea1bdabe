"""The comparison of an output with the one that a page shows."""

from __future__ import annotations

import pytest

from tests.pages.shell import redacted, shows


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ("401\n", "ReportsUrl  http://a\n401\n"),
        ("first\n  …\nlast\n", "first\nlast\n"),
        ("first\n  …\nlast\n", "first\n a\n\n b\nlast\n"),
        ("link  http://a/?link=…\n", "link  http://a/?link=b.c\n"),
        ("key  xxxx-xxxx\n", "key  ab12-cd34\n"),
        ("until  2026-12-07 09:30:00Z\n", "until  2027-01-31 23:59:59Z\n\n"),
    ],
)
def test_an_output_is_as_shown(shown: str, printed: str) -> None:
    """The output ends with the lines, where an ellipsis, `xxxx` and a time stand for others."""
    assert shows(shown, printed)


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ("401\n", "401\nmore\n"),
        ("401\n", "4401\n"),
        ("first\nlast\n", "first\na\nlast\n"),
        ("a.b\n", "a-b\n"),
        ("key  xxxx-xxxx\n", "key  ab12-cd3\n"),
        ("until  2026-12-07 09:30:00Z\n", "until  tomorrow\n"),
    ],
)
def test_another_output_differs(shown: str, printed: str) -> None:
    """A line more, a part of a line, and another character are differences."""
    assert not shows(shown, printed)


def test_a_message_has_no_secret() -> None:
    """Tokens, secrets, passwords and links are left out of a failure's message."""
    printed = 'client_secret  abc\n{"client_secret": "abc"}\n  password  abc-d\n?link=abc\neyJh.eyJp.abc\n'
    assert "abc" not in redacted(printed)
