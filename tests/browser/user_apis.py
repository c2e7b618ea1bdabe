"""APIs that a user of Keyturn deploys beside the stack, from a SAM template by AWS's translator."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from local.emulator_limitations import adapt_template
from local.transform import transform_template
from tests.integration.aws import aws, function_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from local.stack_file import StackFile


@contextmanager
def deployed(stack: StackFile, name: str, template: Mapping[str, Any], parameters: dict[str, str]) -> Iterator[str]:
    """Deploy a template under a name; return the id of its API."""
    native = transform_template(template, parameters, {}, stack.emulator["region"])
    adapt_template(native)
    cloudformation = aws(stack, "cloudformation")
    cloudformation.create_stack(
        StackName=name,
        TemplateBody=json.dumps(native),
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        Capabilities=["CAPABILITY_IAM"],
    )
    try:
        waiter = cloudformation.get_waiter("stack_create_complete")
        waiter.wait(StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
        found = cloudformation.describe_stack_resource(StackName=name, LogicalResourceId="Api")
        api: str = found["StackResourceDetail"]["PhysicalResourceId"]
        yield api
    finally:
        cloudformation.delete_stack(StackName=name)


@contextmanager
def with_rules(stack: StackFile, document: dict[str, Any]) -> Iterator[None]:
    """Let the authorizer decide by this document for a while."""
    lambda_, name = aws(stack, "lambda"), function_name(stack, "AuthorizerFunction")
    variables = lambda_.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    changed = variables | {"ACCESS_RULES": json.dumps(document), "ACCESS_RULES_PARAMETER": ""}
    lambda_.update_function_configuration(FunctionName=name, Environment={"Variables": changed})
    try:
        yield
    finally:
        lambda_.update_function_configuration(FunctionName=name, Environment={"Variables": variables})
