"""The rendering of recorded events."""

from __future__ import annotations

import base64
from urllib.parse import parse_qs

import pytest

from keyturn.domain.users.subject import is_subject
from local.events import EventsError, render_event, sign_in_values


def test_a_value_cannot_leave_its_string() -> None:
    """Quotes and line ends in a value stay in the string that they are put into."""
    assert render_event('{"a": "x ${value}"}', {"value": '", "b": "\n'}) == {"a": 'x ", "b": "\n'}


def test_a_placeholder_without_a_value_is_named() -> None:
    """The error for a template with a new placeholder names it."""
    with pytest.raises(EventsError, match=r"\$\{token\} has no value"):
        render_event('{"a": "${token}"}', {"kid": "1"})


def test_a_sign_in_event_posts_the_page_that_was_shown() -> None:
    """The form holds the CSRF token of the page, and the event its cookie."""
    page = '<form><input type="hidden" name="csrf_token" value="a-token_1"></form>'
    values = sign_in_values(page, "keyturn-browser=secret; Path=/; HttpOnly")
    form = base64.b64decode(values["sign_in_form"])
    assert parse_qs(form.decode())["csrf_token"] == ["a-token_1"]
    assert values["sign_in_length"] == str(len(form))
    assert values["browser_cookie"] == "keyturn-browser=secret"
    assert is_subject(values["subject"])


def test_a_page_without_a_form_is_no_sign_in() -> None:
    """A failing login is an error, and no event is rendered."""
    with pytest.raises(EventsError, match="no form with a CSRF token"):
        sign_in_values("<h1>Something went wrong</h1>", "")
