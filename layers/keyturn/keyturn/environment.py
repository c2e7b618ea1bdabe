"""Readers of environment variables, for the settings of each function."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.domain.errors import KeyturnError
from keyturn.domain.issuer_url import check_issuer_url, is_on_this_machine

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeVar

    Parsed = TypeVar("Parsed")

_MAX_DIGITS = 9


class SettingsError(KeyturnError):
    """A variable of the environment is missing or wrong; the text names it."""


def text(environment: Mapping[str, str], name: str) -> str:
    """Return a variable as it is; raises SettingsError if it is missing or blank."""
    value = environment.get(name, "")
    if not value.strip():
        raise SettingsError(f"{name} is not set")
    return value


def whole_number(environment: Mapping[str, str], name: str, least: int = 0, most: int = 10**_MAX_DIGITS - 1) -> int:
    """Return a variable in decimal digits; raises SettingsError unless it is from `least` to `most`."""
    digits = text(environment, name)
    value = int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= _MAX_DIGITS else -1
    if not least <= value <= most:
        raise SettingsError(f"{name} is not a whole number from {least} to {most}")
    return value


def parsed(name: str, value: str, parse: Callable[[str], Parsed]) -> Parsed:
    """Return what `parse` makes of a variable's value; raises SettingsError for its ValueError."""
    try:
        return parse(value)
    except ValueError as error:
        raise SettingsError(f"{name}: {error}") from None


def is_on_emulator(environment: Mapping[str, str]) -> bool:
    """Return whether AWS_ENDPOINT_URL is on this machine, or on the machine of this container."""
    return is_on_this_machine(environment.get("AWS_ENDPOINT_URL", "").removesuffix("/"))


def issuer_url(environment: Mapping[str, str], name: str, url: str) -> str:
    """Return the issuer identifier in a variable; raises SettingsError, for plain http on AWS too."""
    return parsed(name, url, lambda value: check_issuer_url(value, on_emulator=is_on_emulator(environment)))


def previous_issuers(environment: Mapping[str, str]) -> frozenset[str]:
    """Return the issuer identifiers of PREVIOUS_ISSUERS; raises SettingsError.

    Code is updated before its environment: the variable may be missing.
    """
    name = "PREVIOUS_ISSUERS"
    return frozenset(issuer_url(environment, name, url) for url in environment.get(name, "").split())
