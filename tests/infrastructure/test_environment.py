"""The template's environment and the functions' settings are the same set of names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from authorizer.settings import Settings as AuthorizerSettings
from key_rotator.settings import Settings as RotatorSettings
from tests.infrastructure.native_template import NativeTemplate
from token_issuer.settings import Settings as IssuerSettings

SETTINGS: dict[str, Callable[[Any], object]] = {
    "AuthorizerFunction": AuthorizerSettings,
    "KeyRotatorFunction": RotatorSettings.from_environment,
    "TokenIssuerFunction": IssuerSettings.from_environment,
}


class Recorder(dict[str, str]):
    """An environment that remembers what was asked of it."""

    def __init__(self, values: dict[str, str]) -> None:
        super().__init__(values)
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self.asked.add(name)
        return super().get(name, default)


@pytest.mark.parametrize("function", SETTINGS)
def test_a_function_reads_the_variables_that_it_is_given(template: NativeTemplate, function: str) -> None:
    """The function reads each variable that the template sets and no other, and takes the defaults."""
    environment = Recorder(template.environment(function))
    SETTINGS[function](environment)
    assert environment.asked == set(environment)


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
