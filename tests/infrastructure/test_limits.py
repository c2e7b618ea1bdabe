"""No limit of AWS stops a stack: each is kept at the longest name of a stack and the longest parameters."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from keyturn.adapters.keys.kms_key_policy import key_policy
from keyturn_cli.rules_document import LONGEST_IN_STACK
from tests.infrastructure.longest_values import LongestValues
from tests.infrastructure.native_template import NativeTemplate

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: 4 KB, measured as the JSON of all variables.
ENVIRONMENT_BYTES = 4096
# Bytes for a variable that a later release adds.
FREE_BYTES = 100
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html: the sum of all inline policies of a role.
ROLE_POLICY_CHARACTERS = 10_240
TRUST_POLICY_CHARACTERS = 2048
KEY_POLICY_BYTES = 32_768
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
TEMPLATE_BYTES = 1_000_000
PARTS = {"resources": 500, "parameters": 200, "outputs": 200}

# Properties that hold the name of the stack, and the inputs of the APIs that they go to.
NAMED_BY_THE_STACK = {
    ("AWS::ApiGateway::RestApi", "Name"): ("apigateway", "CreateRestApi", "name"),
    ("AWS::ApiGatewayV2::Api", "Name"): ("apigatewayv2", "CreateApi", "Name"),
    ("AWS::CloudWatch::Alarm", "MetricName"): ("cloudwatch", "PutMetricAlarm", "MetricName"),
    ("AWS::KMS::Key", "Description"): ("kms", "CreateKey", "Description"),
    ("AWS::KMS::Key", "Tags.0.Value"): ("kms", "CreateKey", "Tags.member.TagValue"),
    ("AWS::Logs::LogGroup", "LogGroupName"): ("logs", "CreateLogGroup", "logGroupName"),
    ("AWS::Logs::MetricFilter", "MetricTransformations.0.MetricName"): (
        "logs",
        "PutMetricFilter",
        "metricTransformations.member.metricName",
    ),
}
IN_POLICIES_AND_ENVIRONMENTS = ("Policies.", "Environment.")


@pytest.fixture(scope="module")
def longest(template: NativeTemplate) -> LongestValues:
    """Return the longest values of the template."""
    return LongestValues(template)


def test_each_text_parameter_has_a_longest_value(template: NativeTemplate, longest: LongestValues) -> None:
    """CloudFormation refuses a text that is too long by the parameter's name, before it creates a resource."""
    assert all(longest.parameter(name) for name in template.parameters)


@pytest.mark.parametrize(
    "function", ["AuthorizerFunction", "KeyRotatorFunction", "LoginFunction", "TokenIssuerFunction"]
)
@pytest.mark.parametrize("empty", ["AccessRules", "AccessRulesParameter"])
def test_the_environment_of_a_function_fits(template: NativeTemplate, function: str, empty: str) -> None:
    """Each function's variables fit into Lambda's 4 KB, with quotes escaped as Lambda measures them."""
    variables = LongestValues(template, empty).resolve(template.properties(function)["Environment"]["Variables"])
    assert len(json.dumps(variables, separators=(",", ":"))) <= ENVIRONMENT_BYTES - FREE_BYTES


@pytest.mark.parametrize("parameter", ["Audiences", "AudienceAlgorithms", "PreviousIssuerUrls", "AccessRulesParameter"])
@pytest.mark.parametrize("character", ['"', "\\", "é", "\n"])
def test_a_text_is_measured_by_its_characters(template: NativeTemplate, parameter: str, character: str) -> None:
    """No parameter but the rules takes a character that JSON or UTF-8 writes as several bytes."""
    pattern = re.compile(template.parameters[parameter]["AllowedPattern"])
    for text in (character, f"https://a.example{character}", f"https://a.example=RS256{character}", f"/a{character}"):
        assert pattern.fullmatch(text) is None


def test_access_rules_are_printable_ascii(template: NativeTemplate) -> None:
    """The rules take quotes and no character of several bytes, and the command knows their longest text."""
    rules = template.parameters["AccessRules"]
    pattern = re.compile(rules["AllowedPattern"])
    assert pattern.fullmatch('{"apis": {"*": {"routes": {"GET /\\u00e9": []}}}}')
    assert not pattern.fullmatch('{"apis": {"*": {"routes": {"GET /é": []}}}}')
    assert rules["MaxLength"] == LONGEST_IN_STACK


def test_rules_from_a_parameter_leave_their_place_free(template: NativeTemplate) -> None:
    """Only one of the two sources of rules takes up the environment."""
    rules = template.properties("AuthorizerFunction")["Environment"]["Variables"]["ACCESS_RULES"]
    assert rules["Fn::If"][:2] == ["HasAccessRulesParameter", ""]


def test_each_name_of_a_stack_works(template: NativeTemplate, longest: LongestValues) -> None:
    """Each resource that is named after the stack has a valid name at 128 characters, by AWS's own API models."""
    for name, resource in template.resources.items():
        for path, value in _texts(resource.get("Properties", {})):
            if "AWS::StackName" not in json.dumps(value) or path.startswith(IN_POLICIES_AND_ENVIRONMENTS):
                continue
            limit = _limit(*NAMED_BY_THE_STACK[resource["Type"], path])
            assert len(longest.resolve(value)) <= limit, (name, path)


@pytest.mark.parametrize(
    ("service", "operation", "member", "limit"),
    [
        ("apigatewayv2", "CreateApi", "Name", 128),
        ("scheduler", "CreateScheduleGroup", "Name", 64),
        ("logs", "CreateLogGroup", "logGroupName", 512),
    ],
)
def test_the_limits_are_those_of_aws(service: str, operation: str, member: str, limit: int) -> None:
    """The models of the APIs state the limits that the names are compared with."""
    assert _limit(service, operation, member) == limit


def test_the_group_of_the_schedule_is_named_by_cloudformation(template: NativeTemplate) -> None:
    """A group's name has 64 characters, so that none can hold the name of each stack."""
    assert "Name" not in template.resources["ScheduleGroup"].get("Properties", {})
    assert template.properties("Schedule")["GroupName"] == {"Ref": "ScheduleGroup"}


def test_the_policies_of_each_role_fit(template: NativeTemplate, longest: LongestValues) -> None:
    """Inline policies and trust policies take less than half of the quotas of IAM."""
    for name, role in template.of_type("AWS::IAM::Role").items():
        inline = sum(_size(longest.resolve(each["PolicyDocument"])) for each in role["Policies"])
        assert inline <= ROLE_POLICY_CHARACTERS / 2, (name, inline)
        assert _size(longest.resolve(role["AssumeRolePolicyDocument"])) <= TRUST_POLICY_CHARACTERS / 2, name


def test_the_policies_of_the_keys_fit(template: NativeTemplate, longest: LongestValues) -> None:
    """The policies of the pepper and of signing keys take less than half of KMS's limit."""
    role = longest.resolve({"Fn::GetAtt": ["KeyRotatorRole", "Arn"]})
    assert _size(longest.resolve(template.properties("PepperKey")["KeyPolicy"])) <= KEY_POLICY_BYTES / 2
    assert _size(key_policy(role, role)) <= KEY_POLICY_BYTES / 2


def test_the_template_fits(template: NativeTemplate) -> None:
    """The transformed template takes less than half of CloudFormation's limits on its size and its parts."""
    whole = {name: getattr(template, name) for name in ("parameters", "resources", "conditions", "rules", "outputs")}
    assert len(json.dumps(whole)) <= TEMPLATE_BYTES / 2
    assert all(len(whole[name]) <= most / 2 for name, most in PARTS.items())


def _size(policy: Any) -> int:
    return len(json.dumps(policy, separators=(",", ":")))


def _texts(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each text of a property with its path, where a function is a text."""
    function = next(iter(value)) if isinstance(value, dict) and len(value) == 1 else ""
    if isinstance(value, list):
        for number, each in enumerate(value):
            yield from _texts(each, f"{path}.{number}")
    elif isinstance(value, dict) and function != "Ref" and not function.startswith("Fn::"):
        for name, each in value.items():
            yield from _texts(each, f"{path}.{name}")
    else:
        yield path.removeprefix("."), value


def _limit(service: str, operation: str, member: str) -> float:
    """Return the longest text of an operation's input by botocore's model; without a limit, infinity."""
    client: Any = boto3.client(service, region_name="us-east-1")  # type: ignore[call-overload]  # any service
    shape = client.meta.service_model.operation_model(operation).input_shape
    for name in member.split("."):
        shape = shape.member if name == "member" else shape.members[name]
    limit: float = shape.metadata.get("max", float("inf"))
    # The name of an HTTP API has its limit in the name of its shape.
    found = re.fullmatch(r"StringWithLengthBetween\d+And(\d+)", shape.name)
    return float(found[1]) if found else limit
