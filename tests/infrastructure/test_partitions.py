"""The template and the code that reads ARNs work in each partition that botocore knows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.loaders import Loader

from authorizer.request import parse_request
from keyturn.adapters.keys.kms_key_policy import key_policy
from keyturn_cli.protected_apis import execute_api_account
from tests.infrastructure.native_template import NativeTemplate

PARTITIONS = [each["id"] for each in Loader().load_data("partitions")["partitions"]]
# These services have one principal in all partitions (the AWS CDK, region-info, Default.servicePrincipal).
PRINCIPALS = {"apigateway.amazonaws.com", "lambda.amazonaws.com", "scheduler.amazonaws.com"}


def texts_of(value: Any) -> Iterator[str]:
    """Yield all texts inside a part of the template."""
    if isinstance(value, str):
        yield value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from texts_of(each)


def test_an_arn_of_the_template_begins_with_the_partition(template: NativeTemplate) -> None:
    """An ARN with a literal partition would be wrong outside of it."""
    arns = [text for text in texts_of([template.resources, template.outputs]) if "arn:" in text]
    assert arns
    assert all(text.startswith("arn:${AWS::Partition}:") and text.count("arn:") == 1 for text in arns)


def test_a_host_of_the_template_has_no_literal_domain(template: NativeTemplate) -> None:
    """The only literal names of AWS's domain are principals that are the same in all partitions."""
    named = {text for text in texts_of([template.resources, template.outputs]) if "amazonaws" in text}
    assert named == PRINCIPALS


@pytest.mark.parametrize("partition", PARTITIONS)
@pytest.mark.parametrize(
    ("parameter", "resource"),
    [
        ("PermissionsBoundaryArn", "iam::123456789012:policy/boundary"),
        ("AlarmTopicArn", "sns:xx-north-1:123456789012:alarms"),
    ],
)
def test_a_parameter_takes_the_arns_of_each_partition(
    template: NativeTemplate, partition: str, parameter: str, resource: str
) -> None:
    """CloudFormation accepts an ARN of the stack's own partition as a parameter."""
    pattern = template.parameters[parameter]["AllowedPattern"]
    assert re.fullmatch(pattern, f"arn:{partition}:{resource}")
    assert not re.fullmatch(pattern, f"arn:{partition} :{resource}")


@pytest.mark.parametrize("partition", PARTITIONS)
def test_code_that_reads_arns_reads_those_of_each_partition(partition: str) -> None:
    """A request, a key policy and the command keep the partition of the ARN that they were given."""
    api = f"arn:{partition}:execute-api:xx-north-1:123456789012:a1b2c3d4e5"
    token = {"type": "TOKEN", "methodArn": f"{api}/prod/GET/reports", "authorizationToken": "Bearer x"}
    assert parse_request(token).api_id == "a1b2c3d4e5"
    role = f"arn:{partition}:iam::123456789012:role/keyturn"
    assert key_policy(role, role)["Statement"][0]["Principal"] == {"AWS": f"arn:{partition}:iam::123456789012:root"}
    function = f"arn:{partition}:lambda:xx-north-1:123456789012:function:authorizer"
    assert execute_api_account(function) == f"arn:{partition}:execute-api:xx-north-1:123456789012"
