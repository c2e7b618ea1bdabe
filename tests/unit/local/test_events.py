"""The rendering of recorded events."""

from __future__ import annotations

import pytest

from local.events import EventsError, render_event


def test_a_value_cannot_leave_its_string() -> None:
    """Quotes and line ends in a value stay in the string that they are put into."""
    assert render_event('{"a": "x ${value}"}', {"value": '", "b": "\n'}) == {"a": 'x ", "b": "\n'}


def test_a_placeholder_without_a_value_is_named() -> None:
    """An event template with a new placeholder says which one nobody fills."""
    with pytest.raises(EventsError, match=r"\$\{token\} has no value"):
        render_event('{"a": "${token}"}', {"kid": "1"})
