"""The environment that the issuer needs."""

from __future__ import annotations

import pytest

from keyturn.environment import SettingsError
from tests.fakes.issuer_harness import ENVIRONMENT
from token_issuer.settings import IssuerSettings


def test_good_environment() -> None:
    """Every variable is read."""
    settings = IssuerSettings.from_environment(ENVIRONMENT)
    assert settings.issuer == "https://issuer.example"
    assert (settings.key_ring_table, settings.revocation_table, settings.client_table) == (
        "rings",
        "revocations",
        "clients",
    )
    assert (settings.access_token_lifetime, settings.max_token_lifetime, settings.leeway) == (900, 3600, 10)
    assert (settings.ring_view, settings.jwks_max_age) == (60, 300)


@pytest.mark.parametrize("name", sorted(ENVIRONMENT))
@pytest.mark.parametrize("value", [None, ""])
def test_missing_variable(name: str, value: str | None) -> None:
    """A missing or empty variable is named."""
    environment = {key: text for key, text in ENVIRONMENT.items() if key != name}
    if value is not None:
        environment[name] = value
    with pytest.raises(SettingsError, match=name):
        IssuerSettings.from_environment(environment)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ISSUER", "http://issuer.example"),
        ("ISSUER", "http://127.0.0.1:8480"),
        ("ISSUER", "https://issuer.example/"),
        ("PREVIOUS_ISSUERS", "https://old.example/path"),
        ("PREVIOUS_ISSUERS", "https://old.example,https://older.example"),
        ("MAX_TOKEN_LIFETIME_SECONDS", "3601"),
        ("MAX_TOKEN_LIFETIME_SECONDS", "0"),
        ("ACCESS_TOKEN_LIFETIME_SECONDS", "3601"),
        ("ACCESS_TOKEN_LIFETIME_SECONDS", "-1"),
        ("ACCESS_TOKEN_LIFETIME_SECONDS", "9e2"),
        ("ACCESS_TOKEN_LIFETIME_SECONDS", "٩"),
        ("ACCESS_TOKEN_LIFETIME_SECONDS", "9" * 5000),
        ("LEEWAY_SECONDS", "61"),
        ("RING_VIEW_SECONDS", "1"),
        ("JWKS_MAX_AGE_SECONDS", "0"),
    ],
)
def test_wrong_variable(name: str, value: str) -> None:
    """A value out of its range is refused by name, before any token is issued with it."""
    with pytest.raises(SettingsError, match=name):
        IssuerSettings.from_environment(ENVIRONMENT | {name: value})


def test_lifetime_above_the_ceiling() -> None:
    """A lifetime above the ceiling, which verifiers refuse, is refused here."""
    with pytest.raises(SettingsError, match="ACCESS_TOKEN_LIFETIME_SECONDS"):
        IssuerSettings.from_environment(ENVIRONMENT | {"MAX_TOKEN_LIFETIME_SECONDS": "600"})
