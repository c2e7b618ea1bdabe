"""The longest text that each value of the template can have, at the longest parameters that CloudFormation accepts."""

from __future__ import annotations

import re
from typing import Any

from tests.infrastructure.native_template import NativeTemplate

# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-using-console-create-stack-parameters.html
STACK_NAME = 128
# CloudFormation ends the names that it makes in a hyphen and 12 or 13 letters; DynamoDB takes 255 in all.
TABLE_NAME = 255
ROLE_NAME = 64
LONGEST = {
    "AWS::StackName": STACK_NAME,
    "AWS::Partition": len("aws-iso-b"),
    "AWS::Region": len("ap-southeast-1"),
    "AWS::AccountId": 12,
    "AWS::URLSuffix": len("amazonaws.com.cn"),
    "PepperKey": len("mrk-") + 32,
}


class LongestValues:
    """Resolves the intrinsic functions of a native template to their longest texts, with these parameters empty."""

    def __init__(self, template: NativeTemplate, *empty: str) -> None:
        self._template = template
        self._empty = empty

    def parameter(self, name: str) -> str:
        """Return the longest value of a parameter; raises KeyError for text without a limit."""
        parameter = self._template.parameters[name]
        if name in self._empty:
            return ""
        if "AllowedValues" in parameter:
            return max(map(str, parameter["AllowedValues"]), key=len)
        if parameter["Type"] == "Number":
            return str(parameter["MaxValue"])
        # JSON writes a quote as two characters, and only a value that may hold quotes is JSON.
        longest: int = parameter["MaxLength"]
        return ('"' if re.fullmatch(parameter["AllowedPattern"], '{"}') else "x") * longest

    def resolve(self, value: Any) -> Any:
        """Return a value with each function resolved; a property without a value is left out."""
        if isinstance(value, list):
            return [found for found in map(self.resolve, value) if found is not None]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            [(function, argument)] = value.items()
            if function == "Ref" or function.startswith("Fn::"):
                return self._call(function, argument)
        resolved = {name: self.resolve(each) for name, each in value.items()}
        return {name: each for name, each in resolved.items() if each is not None}

    def _call(self, function: str, argument: Any) -> Any:
        if function == "Ref":
            return self._ref(argument)
        if function == "Fn::GetAtt":
            return self._attribute(*argument)
        if function == "Fn::If":
            return max(map(self.resolve, argument[1:]), key=lambda found: len(str(found or "")))
        assert function == "Fn::Sub", function
        return re.sub(r"\$\{([^}]+)\}", self._substitute, argument)

    def _substitute(self, match: re.Match[str]) -> str:
        name, _, attribute = match[1].partition(".")
        return self._attribute(name, attribute) if attribute else str(self._ref(name))

    def _ref(self, name: str) -> str | None:
        if name == "AWS::NoValue":
            return None
        if name in self._template.parameters:
            return self.parameter(name)
        if name in LONGEST:
            return "x" * LONGEST[name]
        if self._template.resources[name]["Type"] == "AWS::DynamoDB::Table":
            return "x" * min(TABLE_NAME, STACK_NAME + len(f"-{name}-") + 13)
        return "x" * 64

    def _attribute(self, name: str, attribute: str) -> str:
        region = f"{'x' * LONGEST['AWS::Partition']}:service:{'x' * LONGEST['AWS::Region']}:{'x' * 12}"
        kind = self._template.resources[name]["Type"]
        if attribute == "ApiEndpoint":
            return "x" * len("https://0123456789.execute-api.ap-southeast-1.amazonaws.com.cn")
        if kind == "AWS::IAM::Role":
            return f"arn:aws-iso-b:iam::123456789012:role/{self.parameter('RolePath')[1:]}{'x' * ROLE_NAME}"
        if kind == "AWS::Logs::LogGroup":
            return f"arn:{region}:log-group:{'x' * (STACK_NAME + len(name) + 15)}:*"
        return f"arn:{region}:kind/{self._ref(name)}"
