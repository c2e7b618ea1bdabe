"""The environment: every variable is checked, and an error names the wrong one."""

from __future__ import annotations

import pytest

from authorizer.settings import AuthorizerSettings
from keyturn.environment import SettingsError

ENVIRON = {
    "ISSUER": "https://issuer.example",
    "PREVIOUS_ISSUERS": "https://old.example https://older.example",
    "AUDIENCES": "https://api.example urn:second",
    "API_AUDIENCES": "required",
    "KEY_RING_TABLE": "rings",
    "REVOCATION_TABLE": "revocations",
    "LEEWAY_SECONDS": "10",
    "MAX_TOKEN_LIFETIME_SECONDS": "3600",
    "REVOCATION_BOUND_SECONDS": "10",
    "FUNCTION_TIMEOUT_SECONDS": "3",
    "REVOCATION_MODE": "snapshot",
    "ALLOWED_LOG_PERCENT": "10",
    "ACCESS_RULES": '{"apis": {}}',
}


def test_settings_are_what_the_environment_says() -> None:
    """Each setting comes from its variable, numbers as numbers, lists by their spaces."""
    settings = AuthorizerSettings(ENVIRON)
    assert settings.issuer == "https://issuer.example"
    assert settings.previous_issuers == {"https://old.example", "https://older.example"}
    assert settings.audiences.names == {"https://api.example", "urn:second"}
    assert (settings.audiences.several, settings.audiences.required) == (True, True)
    assert (settings.key_ring_table, settings.revocation_table) == ("rings", "revocations")
    assert (settings.leeway, settings.max_token_lifetime, settings.revocation_bound) == (10, 3600, 10)
    assert (settings.revocation_mode, settings.allowed_log_percent) == ("snapshot", 10)


@pytest.mark.parametrize(
    "environ",
    [
        ENVIRON | {"PREVIOUS_ISSUERS": ""},
        ENVIRON | {"ISSUER": "http://localhost:8000", "AWS_ENDPOINT_URL": "http://127.0.0.1:4566"},
    ],
)
def test_optional_and_local_settings_pass(environ: dict[str, str]) -> None:
    """The settings accept an environment without previous issuers, and the loopback issuer of an emulator."""
    AuthorizerSettings(environ)


@pytest.mark.parametrize("name", sorted(set(ENVIRON) - {"PREVIOUS_ISSUERS", "API_AUDIENCES"}))
@pytest.mark.parametrize("value", [None, "", "  "])
def test_missing_variable_is_named(name: str, value: str | None) -> None:
    """A variable that is absent or blank is named."""
    environ = {key: text for key, text in ENVIRON.items() if key != name}
    with pytest.raises(SettingsError, match=rf"^{name} is not set"):
        AuthorizerSettings(environ if value is None else environ | {name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ISSUER", "https://issuer.example/"),
        ("ISSUER", "http://issuer.example"),
        ("ISSUER", "http://localhost:8000"),
        ("PREVIOUS_ISSUERS", "http://127.0.0.1"),
        ("PREVIOUS_ISSUERS", "https://old.example/path"),
        ("PREVIOUS_ISSUERS", "https://old.example,https://older.example"),
        ("LEEWAY_SECONDS", "61"),
        ("LEEWAY_SECONDS", "-1"),
        ("LEEWAY_SECONDS", "1.5"),
        ("LEEWAY_SECONDS", " 5"),
        ("LEEWAY_SECONDS", "²"),
        ("MAX_TOKEN_LIFETIME_SECONDS", "0"),
        ("MAX_TOKEN_LIFETIME_SECONDS", "3601"),
        ("API_AUDIENCES", "off"),
        ("API_AUDIENCES", "Required"),
        ("REVOCATION_MODE", "lenient"),
        ("REVOCATION_BOUND_SECONDS", "1"),
        ("REVOCATION_BOUND_SECONDS", "301"),
        ("REVOCATION_BOUND_SECONDS", "9" * 5000),
        ("ALLOWED_LOG_PERCENT", "101"),
        ("ALLOWED_LOG_PERCENT", "all"),
        ("ACCESS_RULES", " "),
    ],
)
def test_wrong_variable_is_named(name: str, value: str) -> None:
    """A value out of range or of the wrong form is refused at start, and the error names its variable."""
    with pytest.raises(SettingsError, match=rf"^{name}"):
        AuthorizerSettings(ENVIRON | {name: value})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("LEEWAY_SECONDS", "is not a whole number from 0 to 60"),
        ("FUNCTION_TIMEOUT_SECONDS", "is not a whole number from 1 to 900"),
        ("ALLOWED_LOG_PERCENT", "is not a whole number from 0 to 100"),
        ("REVOCATION_MODE", "is one of snapshot, strict"),
        ("API_AUDIENCES", "is one of required, warn"),
    ],
)
def test_an_error_says_what_is_expected(name: str, text: str) -> None:
    """The message says what to set: an operator does not need the source."""
    with pytest.raises(SettingsError) as raised:
        AuthorizerSettings(ENVIRON | {name: "x"})
    assert str(raised.value) == f"{name} {text}"


@pytest.mark.parametrize(
    ("variables", "several", "required"),
    [
        ({"API_AUDIENCES": " required "}, True, True),
        ({"API_AUDIENCES": "warn"}, True, False),
        ({}, True, False),
        ({"AUDIENCES": "https://api.example", "API_AUDIENCES": "required"}, False, False),
        ({"AUDIENCES": "https://api.example https://api.example"}, False, False),
    ],
)
def test_only_several_audiences_have_to_be_named(variables: dict[str, str], several: bool, required: bool) -> None:
    """A stack with several audiences decides about an API without one; unset is `warn`, as before an update."""
    environ = {name: value for name, value in ENVIRON.items() if name != "API_AUDIENCES"}
    audiences = AuthorizerSettings(environ | variables).audiences
    assert (audiences.several, audiences.required) == (several, required)


def test_rules_in_a_parameter_need_none_in_the_environment() -> None:
    """Where a parameter is named, its spaces off, ACCESS_RULES is neither needed nor read."""
    named = {"ACCESS_RULES_PARAMETER": " /rules "}
    for environ in ({**ENVIRON, **named}, {name: ENVIRON[name] for name in ENVIRON if name != "ACCESS_RULES"} | named):
        settings = AuthorizerSettings(environ)
        assert (settings.access_rules_parameter, settings.access_rules) == ("/rules", "")
    settings = AuthorizerSettings(ENVIRON)
    assert (settings.access_rules_parameter, settings.access_rules) == ("", ENVIRON["ACCESS_RULES"])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LEEWAY_SECONDS", "0"),
        ("LEEWAY_SECONDS", "60"),
        ("MAX_TOKEN_LIFETIME_SECONDS", "1"),
        ("REVOCATION_BOUND_SECONDS", "2"),
        ("REVOCATION_BOUND_SECONDS", "300"),
        ("ALLOWED_LOG_PERCENT", "0"),
        ("ALLOWED_LOG_PERCENT", "100"),
    ],
)
def test_ends_of_a_range_belong_to_it(name: str, value: str) -> None:
    """The least and the largest value are fine."""
    AuthorizerSettings(ENVIRON | {name: value})
