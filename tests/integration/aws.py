"""The emulator's AWS API, as an operator with an account uses it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import boto3

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.stack_file import StackFile


def aws(stack: StackFile, service: str) -> Any:
    """Return a boto3 client of the stack's account."""
    return boto3.client(  # type: ignore[call-overload]  # the service is any of those that the stack uses
        service,
        endpoint_url=stack.emulator["endpoint_url"],
        region_name=stack.emulator["region"],
        aws_access_key_id=stack.emulator["access_key_id"],
        aws_secret_access_key=stack.emulator["secret_access_key"],
    )


def function_name(stack: StackFile, logical_id: str) -> str:
    """Return the name of a function of the stack."""
    resource = aws(stack, "cloudformation").describe_stack_resource(
        StackName=stack.stack_name, LogicalResourceId=logical_id
    )
    name: str = resource["StackResourceDetail"]["PhysicalResourceId"]
    return name


def backend_arn(stack: StackFile, example: str) -> str:
    """Return the ARN of the function behind an example's API."""
    found = aws(stack, "cloudformation").describe_stack_resource(StackName=example, LogicalResourceId="Backend")
    name: str = found["StackResourceDetail"]["PhysicalResourceId"]
    arn: str = aws(stack, "lambda").get_function(FunctionName=name)["Configuration"]["FunctionArn"]
    return arn


@contextmanager
def redirected(stack: StackFile, logical_id: str, service: str, origin: str) -> Iterator[None]:
    """Point one function's calls to one service, such as DYNAMODB, elsewhere; it starts anew, now and at the end."""
    lambda_, name = aws(stack, "lambda"), function_name(stack, logical_id)
    variables = lambda_.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    override = {f"AWS_ENDPOINT_URL_{service}": origin}
    lambda_.update_function_configuration(FunctionName=name, Environment={"Variables": variables | override})
    try:
        yield
    finally:
        lambda_.update_function_configuration(FunctionName=name, Environment={"Variables": variables})
