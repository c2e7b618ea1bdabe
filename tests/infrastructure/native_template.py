"""Questions that the tests ask about a native CloudFormation template."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_SUBSTITUTION = re.compile(r"\$\{([A-Za-z0-9]+)(?:\.[A-Za-z0-9.]+)?\}")


class NativeTemplate:
    """A transformed template."""

    def __init__(self, template: dict[str, Any]) -> None:
        self.parameters: dict[str, Any] = template["Parameters"]
        self.resources: dict[str, Any] = template["Resources"]
        self.conditions: dict[str, Any] = template["Conditions"]
        self.rules: dict[str, Any] = template["Rules"]
        self.outputs: dict[str, Any] = template["Outputs"]

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        """Return the properties of all resources of a type, by logical id."""
        return {
            name: resource.get("Properties", {})
            for name, resource in self.resources.items()
            if resource["Type"] == kind
        }

    def properties(self, name: str) -> dict[str, Any]:
        """Return a resource's properties."""
        properties: dict[str, Any] = self.resources[name]["Properties"]
        return properties

    def role_of(self, function: str) -> str:
        """Return the logical id of a function's role."""
        role: str = self.properties(function)["Role"]["Fn::GetAtt"][0]
        return role

    def statements(self, role: str) -> list[dict[str, Any]]:
        """Return all statements of a role's inline policies, those that a condition may leave out too."""
        return [
            statement["Fn::If"][1] if "Fn::If" in statement else statement
            for policy in self.properties(role)["Policies"]
            for statement in policy["PolicyDocument"]["Statement"]
        ]

    def environment(self, function: str) -> dict[str, str]:
        """Return a function's environment with the parameters' defaults, other resources by their logical ids."""
        variables = self.properties(function)["Environment"]["Variables"]
        return {name: self._text(value) for name, value in variables.items() if value != {"Ref": "AWS::NoValue"}}

    def _text(self, value: Any) -> str:
        if isinstance(value, dict):
            [(function, argument)] = value.items()
            if function == "Ref":
                return str(self.parameters.get(argument, {}).get("Default", argument))
            if function == "Fn::If":
                return self._text(argument[2])
            if function == "Fn::GetAtt":
                return "https://issuer.example.com" if argument[1] == "ApiEndpoint" else f"arn:{argument[0]}"
        return str(value)

    def references(self, name: str) -> set[str]:
        """Return the logical ids that a resource needs before itself."""
        resource = self.resources[name]
        depends = resource.get("DependsOn", [])
        named = {depends} if isinstance(depends, str) else set(depends)
        return (named | set(_references(resource.get("Properties", {})))) & self.resources.keys()


def actions(statement: dict[str, Any]) -> set[str]:
    """Return a statement's actions."""
    named = statement["Action"]
    return {named} if isinstance(named, str) else set(named)


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if "Ref" in value:
            yield value["Ref"]
        if "Fn::GetAtt" in value:
            target = value["Fn::GetAtt"]
            yield target.split(".")[0] if isinstance(target, str) else target[0]
        if "Fn::Sub" in value:
            text = value["Fn::Sub"] if isinstance(value["Fn::Sub"], str) else value["Fn::Sub"][0]
            yield from _SUBSTITUTION.findall(text)
        for each in value.values():
            yield from _references(each)
    elif isinstance(value, list):
        for each in value:
            yield from _references(each)
