"""The environment that this function needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from keyturn.domain.errors import KeyturnError
from keyturn.domain.issuer_url import check_issuer_url
from keyturn.domain.keys.audience_algorithms import parse_audience_algorithms


class SettingsError(KeyturnError):
    """An environment variable is missing or wrong; the text names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerSettings:
    """The issuer's configuration; all durations in seconds, the algorithms by audience where one has its own."""

    issuer: str
    key_ring_table: str
    revocation_table: str
    client_table: str
    grant_table: str
    user_table: str
    authority_table: str
    session_table: str
    interaction_table: str
    audience_algorithms: Mapping[str, str]
    access_token_lifetime: int
    max_token_lifetime: int
    leeway: int
    ring_view: int
    jwks_max_age: int

    @property
    def is_secure(self) -> bool:
        """Whether browsers reach the issuer by TLS; only a loopback issuer goes without."""
        return self.issuer.startswith("https:")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> IssuerSettings:
        """Return the settings; raises SettingsError that names the variable and what it should be."""
        ceiling = _seconds(environment, "MAX_TOKEN_LIFETIME_SECONDS", 1, 3600)
        return cls(
            issuer=_issuer(environment),
            key_ring_table=_text(environment, "KEY_RING_TABLE"),
            revocation_table=_text(environment, "REVOCATION_TABLE"),
            client_table=_text(environment, "CLIENT_TABLE"),
            grant_table=_text(environment, "GRANT_TABLE"),
            user_table=_text(environment, "USER_TABLE"),
            authority_table=_text(environment, "AUTHORITY_TABLE"),
            session_table=_text(environment, "SESSION_TABLE"),
            interaction_table=_text(environment, "INTERACTION_TABLE"),
            audience_algorithms=_audience_algorithms(environment),
            access_token_lifetime=_seconds(environment, "ACCESS_TOKEN_LIFETIME_SECONDS", 1, ceiling),
            max_token_lifetime=ceiling,
            leeway=_seconds(environment, "LEEWAY_SECONDS", 0, 60),
            ring_view=_seconds(environment, "RING_VIEW_SECONDS", 2, 600),
            jwks_max_age=_seconds(environment, "JWKS_MAX_AGE_SECONDS", 1, 86_400),
        )


def _text(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "")
    if not value:
        raise SettingsError(f"{name} is not set")
    return value


def _audience_algorithms(environment: Mapping[str, str]) -> dict[str, str]:
    try:
        return parse_audience_algorithms(environment.get("AUDIENCE_ALGORITHMS", ""))
    except ValueError as error:
        raise SettingsError(f"AUDIENCE_ALGORITHMS: {error}") from None


def _issuer(environment: Mapping[str, str]) -> str:
    try:
        return check_issuer_url(_text(environment, "ISSUER"))
    except ValueError as error:
        raise SettingsError(f"ISSUER: {error}") from None


def _seconds(environment: Mapping[str, str], name: str, least: int, most: int) -> int:
    text = _text(environment, name)
    value = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1
    if not least <= value <= most:
        raise SettingsError(f"{name} is not a whole number of seconds from {least} to {most}")
    return value
