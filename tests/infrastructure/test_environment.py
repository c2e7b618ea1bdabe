"""The template's environment and the functions' settings are the same set of names."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from authorizer.settings import AuthorizerSettings
from key_rotator.settings import RotatorSettings
from keyturn.adapters.aws.dynamodb import dynamodb_origin
from login.settings import LoginSettings
from tests.infrastructure.native_template import NativeTemplate
from token_issuer.settings import IssuerSettings

SETTINGS: dict[str, Callable[[Any], object]] = {
    "AuthorizerFunction": lambda environment: (AuthorizerSettings(environment), dynamodb_origin(environment)),
    "KeyRotatorFunction": RotatorSettings.from_environment,
    "LoginFunction": lambda environment: (LoginSettings.from_environment(environment), dynamodb_origin(environment)),
    "TokenIssuerFunction": lambda environment: (
        IssuerSettings.from_environment(environment),
        dynamodb_origin(environment),
    ),
}


class Recorder(dict[str, str]):
    """An environment that remembers what was asked of it."""

    def __init__(self, values: dict[str, str]) -> None:
        super().__init__(values)
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        return "eu-central-1" if name == "AWS_REGION" else super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self.asked.add(name)
        return super().get(name, default)


@pytest.mark.parametrize("function", SETTINGS)
def test_a_function_reads_the_variables_that_it_is_given(template: NativeTemplate, function: str) -> None:
    """The function reads each variable that the template sets and no other, apart from those of AWS's SDKs."""
    environment = Recorder(template.environment(function))
    SETTINGS[function](environment)
    assert {name for name in environment.asked if not name.startswith("AWS_")} == set(environment)


def test_each_variable_of_a_function_is_text(template: NativeTemplate) -> None:
    """A number of the template stays one on the emulator, where a function could not start with it."""
    for name, function in template.of_type("AWS::Lambda::Function").items():
        for variable, value in function["Environment"]["Variables"].items():
            assert isinstance(value, str | dict), (name, variable)


def test_the_authorizer_knows_its_own_timeout(template: NativeTemplate) -> None:
    """R47: a request's time by Lambda is the invocation's deadline less the timeout: both are one number."""
    [authorizer] = [
        function
        for name, function in template.of_type("AWS::Lambda::Function").items()
        if name.startswith("AuthorizerFunction")
    ]
    known = AuthorizerSettings(template.environment("AuthorizerFunction")).timeout
    assert known == authorizer["Timeout"] == 3


@pytest.mark.parametrize("bound", ["MinValue", "MaxValue"])
@pytest.mark.parametrize(
    "variable",
    [
        *("ARGON2_MEMORY_KIB", "ARGON2_ITERATIONS", "ARGON2_LANES"),
        *("SIGN_INS_PER_ACCOUNT", "SIGN_INS_PER_DEVICE", "SIGN_INS_PER_ADDRESS", "SIGN_IN_WINDOW_SECONDS"),
    ],
)
def test_the_login_takes_each_number_that_the_template_takes(
    template: NativeTemplate, variable: str, bound: str
) -> None:
    """A deployment that CloudFormation accepts never leaves the login without its settings."""
    parameter = template.properties("LoginFunction")["Environment"]["Variables"][variable]["Ref"]
    value = template.parameters[parameter][bound]
    LoginSettings.from_environment(template.environment("LoginFunction") | {variable: str(value)})


@pytest.mark.parametrize("bound", ["MinValue", "MaxValue"])
def test_the_login_takes_sessions_of_each_length_that_the_template_takes(template: NativeTemplate, bound: str) -> None:
    """Idle and absolute end have the same limits, and the idle end comes no later than the other."""
    lengths = {
        variable: str(template.parameters[parameter][bound])
        for variable, parameter in (
            ("SESSION_IDLE_SECONDS", "SessionIdleSeconds"),
            ("SESSION_LIFETIME_SECONDS", "SessionLifetimeSeconds"),
        )
    }
    LoginSettings.from_environment(template.environment("LoginFunction") | lengths)


def test_a_cdn_is_named_with_its_secret_or_not_at_all(template: NativeTemplate) -> None:
    """The shortest secret that the template takes is one that the login takes."""
    pattern = re.compile(template.parameters["ClientAddressSecret"]["AllowedPattern"])
    assert [bool(pattern.fullmatch("s" * length)) for length in (0, 31, 32, 128, 129)] == [
        True,
        False,
        True,
        True,
        False,
    ]
    cdn = {"CLIENT_ADDRESS_HEADER": "CloudFront-Viewer-Address", "CLIENT_ADDRESS_SECRET": "s" * 32}
    settings = LoginSettings.from_environment(template.environment("LoginFunction") | cdn)
    assert settings.client_address_header == "cloudfront-viewer-address"
    [rule] = template.rules["ClientAddressOfACdn"]["Assertions"]
    assert set(re.findall(r'"Ref": "(\w+)"', json.dumps(rule))) == {"ClientAddressHeader", "ClientAddressSecret"}
