"""The readers of environment variables, which all settings share."""

from __future__ import annotations

import pytest

from keyturn.environment import SettingsError, is_on_emulator, issuer_url, parsed, text, whole_number


@pytest.mark.parametrize("environment", [{}, {"NAME": ""}, {"NAME": "  "}])
def test_a_missing_or_blank_variable_is_named(environment: dict[str, str]) -> None:
    """The error says which variable to set."""
    with pytest.raises(SettingsError, match=r"^NAME is not set$"):
        text(environment, "NAME")


@pytest.mark.parametrize(("digits", "value"), [("2", 2), ("007", 7), ("300", 300)])
def test_a_number_in_its_range_is_read(digits: str, value: int) -> None:
    """Both ends of the range belong to it."""
    assert whole_number({"NAME": digits}, "NAME", 2, 300) == value


@pytest.mark.parametrize(
    "digits", ["1", "301", "-2", "+2", " 2", "2.0", "1_0", "0x2", "٢", "²", "0" * 9 + "2", "9" * 5000]
)
def test_another_text_is_refused_with_the_range(digits: str) -> None:
    """The error says what is expected, and thousands of digits cost no conversion."""
    with pytest.raises(SettingsError, match=r"^NAME is not a whole number from 2 to 300$"):
        whole_number({"NAME": digits}, "NAME", 2, 300)


def test_a_number_without_a_range_has_at_most_nine_digits() -> None:
    """The settings of the rotator have no range of their own: their rules compare them with each other."""
    assert whole_number({"NAME": "0"}, "NAME") == 0
    assert whole_number({"NAME": "999999999"}, "NAME") == 999_999_999
    with pytest.raises(SettingsError):
        whole_number({"NAME": "1000000000"}, "NAME")


def test_a_parsers_fault_names_the_variable() -> None:
    """A ValueError becomes a SettingsError with the name of the variable before its text."""
    assert parsed("NAME", "12", int) == 12
    with pytest.raises(SettingsError, match=r"^NAME: invalid literal"):
        parsed("NAME", "x", int)


EMULATORS = [
    "http://127.0.0.1:4566",
    "http://localhost:4566/",
    "https://127.0.0.1:4566",
    "http://host.docker.internal:1",
]
SERVICES_ELSEWHERE = [
    "",
    "https://vpce-1.dynamodb.eu-central-1.vpce.amazonaws.com",
    "http://localhost.example:4566",
    "http://127.0.0.1:4566@aws.example",
    "http://127.0.0.1:4566/path",
    "http://10.0.0.1:4566",
]


@pytest.mark.parametrize("endpoint", EMULATORS)
def test_a_loopback_issuer_is_for_an_emulator(endpoint: str) -> None:
    """The embedded stack has an issuer over plain http, since its services are on the same machine."""
    environment = {"AWS_ENDPOINT_URL": endpoint}
    assert is_on_emulator(environment)
    assert issuer_url(environment, "ISSUER", "http://localhost:8480") == "http://localhost:8480"
    with pytest.raises(SettingsError, match="must be on localhost"):
        issuer_url(environment, "ISSUER", "http://issuer.example")


@pytest.mark.parametrize("endpoint", SERVICES_ELSEWHERE)
@pytest.mark.parametrize("issuer", ["http://localhost:8480", "http://127.0.0.1"])
def test_a_loopback_issuer_is_refused_on_aws(endpoint: str, issuer: str) -> None:
    """A deployed stack with such an issuer would send its cookies without Secure, hence it does not start."""
    environment = {"AWS_ENDPOINT_URL": endpoint}
    assert not is_on_emulator(environment)
    with pytest.raises(SettingsError, match=r"^ISSUER: .* the embedded stack alone: take https$"):
        issuer_url(environment, "ISSUER", issuer)
    assert issuer_url(environment, "ISSUER", "https://issuer.example") == "https://issuer.example"
