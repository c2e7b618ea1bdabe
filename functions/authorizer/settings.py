"""The environment that this function needs, checked when it starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.domain.access.stack_audiences import API_AUDIENCES, WARN, StackAudiences
from keyturn.domain.errors import KeyturnError
from keyturn.domain.issuer_url import check_issuer_url

if TYPE_CHECKING:
    from collections.abc import Mapping


REVOCATION_MODES = ("snapshot", "strict")


class SettingsError(KeyturnError):
    """A variable of the environment is missing or wrong; the text names it."""


class AuthorizerSettings:
    """What an operator chose; times in seconds."""

    __slots__ = (
        "access_rules",
        "access_rules_parameter",
        "allowed_log_percent",
        "audiences",
        "issuer",
        "key_ring_table",
        "leeway",
        "max_token_lifetime",
        "previous_issuers",
        "revocation_bound",
        "revocation_mode",
        "revocation_table",
        "timeout",
    )

    def __init__(self, environ: Mapping[str, str]) -> None:
        """Read every variable; raises SettingsError that names the first wrong one."""
        self.issuer = _issuer("ISSUER", _text(environ, "ISSUER"))
        self.previous_issuers = frozenset(
            _issuer("PREVIOUS_ISSUERS", url) for url in environ.get("PREVIOUS_ISSUERS", "").split()
        )
        # An update changes code and environment one after the other: without the variable the rules are as before it.
        api_audiences = environ.get("API_AUDIENCES", WARN).strip()
        if api_audiences not in API_AUDIENCES:
            raise SettingsError(f"API_AUDIENCES is one of {', '.join(API_AUDIENCES)}")
        self.audiences = StackAudiences(_text(environ, "AUDIENCES").split(), api_audiences)
        self.key_ring_table = _text(environ, "KEY_RING_TABLE")
        self.revocation_table = _text(environ, "REVOCATION_TABLE")
        self.leeway = _seconds(environ, "LEEWAY_SECONDS", 0, 60)
        self.max_token_lifetime = _seconds(environ, "MAX_TOKEN_LIFETIME_SECONDS", 1, 3600)
        self.revocation_bound = _seconds(environ, "REVOCATION_BOUND_SECONDS", 2, 300)
        self.revocation_mode = _text(environ, "REVOCATION_MODE")
        if self.revocation_mode not in REVOCATION_MODES:
            raise SettingsError(f"REVOCATION_MODE is one of {', '.join(REVOCATION_MODES)}")
        self.timeout = _seconds(environ, "FUNCTION_TIMEOUT_SECONDS", 1, 900)
        self.allowed_log_percent = _whole(environ, "ALLOWED_LOG_PERCENT", 0, 100, "in a hundred")
        self.access_rules_parameter = environ.get("ACCESS_RULES_PARAMETER", "").strip()
        self.access_rules = "" if self.access_rules_parameter else _text(environ, "ACCESS_RULES")


def _text(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name, "").strip()
    if not value:
        raise SettingsError(f"{name} is not set")
    return value


def _issuer(name: str, url: str) -> str:
    try:
        return check_issuer_url(url)
    except ValueError as error:
        raise SettingsError(f"{name}: {error}") from None


def _seconds(environ: Mapping[str, str], name: str, least: int, most: int) -> int:
    return _whole(environ, name, least, most, "of seconds")


def _whole(environ: Mapping[str, str], name: str, least: int, most: int, unit: str) -> int:
    value = _text(environ, name)
    if not (value.isascii() and value.isdigit() and len(value) <= 6 and least <= int(value) <= most):
        raise SettingsError(f"{name} is a whole number {unit}, {least} to {most}")
    return int(value)
