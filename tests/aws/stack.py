"""The stack under verification: where it is, what it is made of, and a client of its own to ask for tokens with."""

from __future__ import annotations

import functools
import json
import os
import secrets
from collections.abc import Iterable
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from keyturn.adapters.aws.system_clock import wall_seconds
from keyturn.adapters.clients.dynamodb_clients import DynamoDbClientRegistry
from keyturn.domain.clients.client import Client, hash_secret
from local.stack_file import StackFile

SCOPES = ("reports:read", "reports:write")
EXAMPLES = ("http-api", "rest-api")
EXAMPLE_API = "Api of the example http-api"  # among the logical ids of the stack's own resources
TAG = "keyturn:verification"  # on all that a verification makes; its value is the stack's name

# Creating an RSA key is part of what the rotator does while it is invoked.
_CONFIG = Config(connect_timeout=10, read_timeout=180, retries={"mode": "standard", "total_max_attempts": 4})


@functools.cache
def aws(service: str) -> Any:
    """Return the boto3 client of the environment: its credentials, its region, its AWS_ENDPOINT_URL."""
    return boto3.client(service, config=_CONFIG)  # type: ignore[call-overload]  # any service that the stack uses


def describe(stack_name: str) -> dict[str, Any]:
    """Return CloudFormation's description of the stack."""
    [stack] = aws("cloudformation").describe_stacks(StackName=stack_name)["Stacks"]
    found: dict[str, Any] = stack
    return found


def find_stack(stack_name: str) -> dict[str, Any] | None:
    """Return the description, or None if there is no such stack; raises ClientError for any other answer.

    CloudFormation has no error code for a missing stack: only the message says that it is missing.
    """
    try:
        return describe(stack_name)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError" and "does not exist" in str(error):
            return None
        raise


def parameters_of(stack: dict[str, Any]) -> dict[str, str]:
    """Return the parameters that a stack was deployed with."""
    return {each["ParameterKey"]: each["ParameterValue"] for each in stack.get("Parameters", [])}


def outputs_of(stack_name: str) -> dict[str, str]:
    """Return the outputs of a stack."""
    return {output["OutputKey"]: output["OutputValue"] for output in describe(stack_name)["Outputs"]}


def find_resources(stack_name: str) -> dict[str, str]:
    """Return the physical ids of the stack's resources by their logical ids."""
    pages = aws("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack_name)
    return {
        resource["LogicalResourceId"]: resource.get("PhysicalResourceId", "")
        for page in pages
        for resource in page["StackResourceSummaries"]
    }


def name_of_example(stack_name: str, example: str) -> str:
    """Return the name of an example's own stack; KEYTURN_AWS_EXAMPLES has its beginning on an emulator."""
    return os.environ.get("KEYTURN_AWS_EXAMPLES", f"{stack_name}-") + example


def find_verified(stack_name: str) -> dict[str, str]:
    """Return the physical ids of the stack's resources by their logical ids, with the HTTP example's API."""
    example = find_resources(name_of_example(stack_name, "http-api"))
    return find_resources(stack_name) | {EXAMPLE_API: example["Api"]}


def open_stack(stack_name: str) -> StackFile:
    """Return where the stack is, with a client that is registered for this run alone.

    KEYTURN_AWS_APIS holds the URLs of the examples as JSON where the outputs are not those that can be called: on an
    emulator.
    """
    outputs = outputs_of(stack_name)
    audience = parameters_of(describe(stack_name))["Audiences"].split()[0]
    client_id, client_secret = register_client(outputs["ClientTableName"], audience, SCOPES)
    http, rest = (outputs_of(name_of_example(stack_name, example)) for example in EXAMPLES)
    apis = {"http": http["ReportsUrl"], "rest_token": rest["TokenReportsUrl"], "rest_request": rest["ReportsUrl"]}
    return StackFile(
        issuer=outputs["IssuerUrl"],
        token_endpoint=outputs["TokenEndpoint"],
        client_id=client_id,
        client_secret=client_secret,
        audience=audience,
        scope=SCOPES[0],
        apis=apis | json.loads(os.environ.get("KEYTURN_AWS_APIS", "{}")),
        stack_name=stack_name,
        outputs=outputs,
        emulator={},
        containers=None,
        process_id=os.getpid(),
    )


def register_client(table: str, audience: str, scopes: Iterable[str]) -> tuple[str, str]:
    """Register a client with a secret of its own, and return both."""
    client_id, client_secret = f"verification-{secrets.token_hex(4)}", secrets.token_urlsafe(32)
    client = Client(
        client_id=client_id,
        name="Verification",
        secret_hashes=(hash_secret(client_secret),),
        grant_types=frozenset({"client_credentials"}),
        scopes=frozenset(scopes),
        audiences=(audience,),
        created_at=int(wall_seconds()),
    )
    DynamoDbClientRegistry(aws("dynamodb"), table).add(client)
    return client_id, client_secret


def invoke_rotator(stack: StackFile, **event: str) -> dict[str, Any]:
    """Invoke the rotator as an operator does; its answer, or Lambda's error."""
    name = stack.outputs["KeyRotatorFunctionName"]
    answer = aws("lambda").invoke(FunctionName=name, Payload=json.dumps(event).encode())
    result: dict[str, Any] = json.loads(answer["Payload"].read())
    return result | ({"FunctionError": answer["FunctionError"]} if "FunctionError" in answer else {})
