"""The stack that a command works on: the embedded one that is up in this folder, or a deployed one by its name."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from keyturn.adapters.dynamodb_clients import DynamoDbClientRegistry
from keyturn.adapters.dynamodb_key_ring import DynamoDbKeyRings
from keyturn.adapters.dynamodb_resource_servers import DynamoDbResourceServerRegistry
from keyturn.adapters.dynamodb_revocations import DynamoDbRevocationWriter
from keyturn.adapters.service_clock import ServiceClock
from keyturn.domain.errors import KeyturnError
from keyturn_cli.rotator import RotatorFunction

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_lambda import LambdaClient

# How long any token is accepted after its iat, at most: the ceiling of the template's lifetime and leeway parameters.
TOKEN_HORIZON = 3600 + 60


class NoDeployment(KeyturnError):
    """There is nothing to work on; the message says how to name it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """A stack's issuer, tables and functions, and the clients that reach them; `client` makes one of any service."""

    issuer: str
    client_table: str
    grant_table: str
    key_ring_table: str
    revocation_table: str
    rotator_function: str
    authorizer_arn: str
    client: Callable[[str], Any]
    dynamodb: DynamoDBClient
    functions: LambdaClient

    def clients(self) -> DynamoDbClientRegistry:
        """Return the registered clients."""
        return DynamoDbClientRegistry(self.dynamodb, self.client_table)

    def resource_servers(self) -> DynamoDbResourceServerRegistry:
        """Return the registered resource servers."""
        return DynamoDbResourceServerRegistry(self.dynamodb, self.client_table)

    def key_rings(self) -> DynamoDbKeyRings:
        """Return the key rings, to read."""
        return DynamoDbKeyRings(self.dynamodb, self.key_ring_table)

    def clock(self) -> ServiceClock:
        """Return service time; asks DynamoDB once, since only an answer of its tells it."""
        clock = ServiceClock(self.dynamodb)
        self.dynamodb.get_item(TableName=self.key_ring_table, Key={"pk": {"S": "clock"}})
        return clock

    def rotator(self) -> RotatorFunction:
        """Return the rotator, to ask it for something."""
        return RotatorFunction(self.functions, self.rotator_function)

    def revocations(self) -> DynamoDbRevocationWriter:
        """Return the writer of revocations."""
        return DynamoDbRevocationWriter(self.dynamodb, self.revocation_table, self.clock(), token_horizon=TOKEN_HORIZON)


def find_deployment(stack: str | None, folder: Path) -> Deployment:
    """Return the named deployed stack, or without a name the embedded stack of this folder; raises NoDeployment."""
    if stack is not None:
        return _deployed(stack)
    description = next(
        (path for parent in (folder, *folder.parents) if (path := parent / ".local" / "stack.json").is_file()), None
    )
    if description is None:
        raise NoDeployment("no embedded stack is up here: start one with `make run`, or name a stack with --stack")
    try:
        return _embedded(json.loads(description.read_bytes()))
    except (OSError, ValueError, KeyError, TypeError):
        raise NoDeployment(
            f"{description} cannot be read, or is of another release: stop `make run`, and start it again"
        ) from None


def _embedded(description: dict[str, Any]) -> Deployment:
    outputs = description["outputs"]
    _check_that_it_answers(description["emulator"]["endpoint_url"])
    session = boto3.Session(
        aws_access_key_id=description["emulator"]["access_key_id"],
        aws_secret_access_key=description["emulator"]["secret_access_key"],
        region_name=description["emulator"]["region"],
    )
    return _deployment(outputs, session, endpoint_url=description["emulator"]["endpoint_url"])


def _check_that_it_answers(endpoint_url: str | None) -> None:
    """Raise NoDeployment for a stack that was killed, and left its description behind."""
    if endpoint_url is None:
        return
    address = urlsplit(endpoint_url)
    try:
        socket.create_connection((address.hostname or "", address.port or 0), timeout=5).close()
    except OSError:
        raise NoDeployment(
            f"the embedded stack of this folder does not answer at {endpoint_url}: start it with `make run`"
        ) from None


def _deployed(stack: str) -> Deployment:
    session = boto3.Session()
    if session.region_name is None:
        raise NoDeployment("no AWS region is set: set AWS_DEFAULT_REGION, or use a profile that has one")
    try:
        [found] = session.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    except (BotoCoreError, ClientError) as error:
        raise NoDeployment(f"stack {stack} in {session.region_name}: {error}") from None
    outputs = {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}
    if "KeyRingTableName" not in outputs:
        raise NoDeployment(f"stack {stack} is not a Keyturn stack: it has no output KeyRingTableName")
    try:
        return _deployment(outputs, session)
    except KeyError as missing:
        raise NoDeployment(
            f"stack {stack} is of another release than this command: it has no output {missing}"
        ) from None


def _deployment(outputs: dict[str, str], session: boto3.Session, *, endpoint_url: str | None = None) -> Deployment:
    return Deployment(
        issuer=outputs["IssuerUrl"],
        client_table=outputs["ClientTableName"],
        grant_table=outputs["GrantTableName"],
        key_ring_table=outputs["KeyRingTableName"],
        revocation_table=outputs["RevocationTableName"],
        rotator_function=outputs["KeyRotatorFunctionName"],
        authorizer_arn=outputs["AuthorizerArn"],
        client=partial(session.client, endpoint_url=endpoint_url),
        dynamodb=session.client(
            "dynamodb",
            endpoint_url=endpoint_url,
            config=Config(connect_timeout=5, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 3}),
        ),
        # As long as the function may run, and once: a rotation that is asked for twice is two rotations.
        functions=session.client(
            "lambda",
            endpoint_url=endpoint_url,
            config=Config(connect_timeout=5, read_timeout=130, retries={"mode": "standard", "total_max_attempts": 1}),
        ),
    )
