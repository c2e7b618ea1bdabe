"""The options of a client's registration, and the parsing of their values."""

from __future__ import annotations

from typing import get_origin

import pytest

from keyturn.domain.clients.client import AUTHENTICATION_METHODS, GRANT_TYPES
from keyturn_cli.client_options import OPTIONS, AuthenticationMethod, GrantType
from keyturn_cli.values import format_duration, parse_duration


def test_the_options_are_what_the_registration_takes() -> None:
    """The choices of the command are those of the domain."""
    assert {each.value for each in GrantType} == GRANT_TYPES
    assert {each.value for each in AuthenticationMethod} == AUTHENTICATION_METHODS


def test_an_option_that_can_be_repeated_says_so() -> None:
    """The help of an option names its bound, so that a reader needs no other page."""
    for option in OPTIONS.values():
        assert ("repeat" in option.option.help.lower()) == (get_origin(option.kind) is list)
    for name, bound in (("access_token_lifetime", "1h"), ("refresh_lifetime", "366d"), ("rate", "1,000,000")):
        assert f"at most {bound}" in OPTIONS[name].option.help


@pytest.mark.parametrize(
    ("text", "seconds"), [("900", 900), ("45s", 45), ("15m", 900), ("12h", 43_200), ("1d", 86_400)]
)
def test_durations(text: str, seconds: int) -> None:
    """A duration is parsed in its unit, and formatted so that it parses to the same value."""
    assert parse_duration(text) == parse_duration(format_duration(seconds)) == seconds
