"""The environment of the login."""

from __future__ import annotations

import pytest

from keyturn.environment import SettingsError
from login.settings import LoginSettings
from tests.fakes.login_harness import ENVIRONMENT

SECRET = "s" * 32


def test_the_settings_are_read() -> None:
    """Each variable has its place, and an https issuer has secure cookies."""
    settings = LoginSettings.from_environment(ENVIRONMENT)
    assert (settings.issuer, settings.is_secure, settings.tables.sessions) == (
        "https://issuer.example",
        True,
        "sessions",
    )
    assert (settings.session_idle, settings.session_lifetime) == (43_200, 604_800)
    assert (settings.argon2.memory, settings.argon2.iterations, settings.argon2.lanes) == (7168, 1, 1)
    assert settings.limits == (10, 10, 100, 900)
    assert (settings.client_address_header, settings.client_address_secret) == ("", "")


@pytest.mark.parametrize("name", ENVIRONMENT)
def test_a_missing_variable_is_named(name: str) -> None:
    """A function without one of its variables does not start, and says which is missing."""
    environment = {key: value for key, value in ENVIRONMENT.items() if key != name}
    with pytest.raises(SettingsError, match=name):
        LoginSettings.from_environment(environment)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ISSUER", "http://issuer.example"),
        ("ISSUER", "http://localhost:8480"),
        ("SESSION_IDLE_SECONDS", "604801"),
        ("SESSION_IDLE_SECONDS", "299"),
        ("SESSION_LIFETIME_SECONDS", "31622401"),
        ("ARGON2_MEMORY_KIB", "7167"),
        ("ARGON2_ITERATIONS", "0"),
        ("ARGON2_LANES", "0"),
        ("SIGN_INS_PER_ACCOUNT", "0"),
        ("SIGN_INS_PER_DEVICE", "-1"),
        ("SIGN_INS_PER_ADDRESS", "many"),
        ("SIGN_IN_WINDOW_SECONDS", "59"),
        ("MAX_TOKEN_LIFETIME_SECONDS", "3601"),
        ("LEEWAY_SECONDS", "61"),
    ],
)
def test_a_wrong_variable_is_named(name: str, value: str) -> None:
    """A value beyond its bounds is refused with the variable's name, and not repeated."""
    with pytest.raises(SettingsError, match=name) as caught:
        LoginSettings.from_environment(ENVIRONMENT | {name: value})
    assert value not in str(caught.value) or len(value) < 4


@pytest.mark.parametrize(
    ("header", "secret"),
    [
        ("cloudfront-viewer-address", ""),
        ("", SECRET),
        ("x-forwarded-for", SECRET),
        ("X-Forwarded-For", SECRET),
        ("a header", SECRET),
        ("true-client-ip", SECRET[1:]),
    ],
)
def test_a_header_for_the_address_needs_a_secret(header: str, secret: str) -> None:
    """Header and secret go together, the secret is long, and X-Forwarded-For is never a choice."""
    environment = {"CLIENT_ADDRESS_HEADER": header, "CLIENT_ADDRESS_SECRET": secret}
    with pytest.raises(SettingsError, match="CLIENT_ADDRESS"):
        LoginSettings.from_environment(ENVIRONMENT | environment)


def test_a_header_of_a_cdn_is_taken() -> None:
    """A header name is compared in lower case, as requests have it."""
    environment = {"CLIENT_ADDRESS_HEADER": "CloudFront-Viewer-Address", "CLIENT_ADDRESS_SECRET": SECRET}
    settings = LoginSettings.from_environment(ENVIRONMENT | environment)
    assert settings.client_address_header == "cloudfront-viewer-address"
