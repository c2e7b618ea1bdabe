"""The stack that a command works on: a deployed one by its name, or the embedded one that runs in this folder."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from keyturn.adapters.aws.service_clock import ServiceClock
from keyturn.adapters.clients.dynamodb_clients import DynamoDbClientRegistry
from keyturn.adapters.clients.dynamodb_resource_servers import DynamoDbResourceServerRegistry
from keyturn.adapters.keys.dynamodb_key_rings import DynamoDbKeyRings
from keyturn.adapters.revocations.dynamodb_revocations import DynamoDbRevocationWriter
from keyturn.adapters.users.dynamodb_authorities import DynamoDbAuthorities
from keyturn.adapters.users.dynamodb_consents import DynamoDbConsents
from keyturn.adapters.users.dynamodb_user_directory import DynamoDbUserDirectory
from keyturn.adapters.users.dynamodb_users import DynamoDbUsers
from keyturn_cli.caller import find_caller
from keyturn_cli.embedded_stack import EmbeddedStack, NoDeployment, find_embedded_stack, unreadable
from keyturn_cli.login_function import LoginFunction
from keyturn_cli.output import print_line
from keyturn_cli.rotator import RotatorFunction

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_lambda import LambdaClient

    from keyturn.ports import ClientRegistry, KeyRingReader, ResourceServerRegistry
    from keyturn.user_ports import AuthorityStore, ConsentStore, UserDirectory, UserStore

# The longest time in seconds from a token's iat to its last use: the ceilings of the template's lifetime and leeway.
LONGEST_TOKEN_LIFETIME = 3600 + 60

# An API call answers within seconds, and each write of the command can be repeated safely.
_CONFIG = Config(connect_timeout=5, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 3})
# The timeout is that of the functions. A call is sent once: a repeated rotation would be a second one.
_FUNCTION_CONFIG = Config(connect_timeout=5, read_timeout=130, retries={"mode": "standard", "total_max_attempts": 1})
_AWS_ENDPOINTS = Config(ignore_configured_endpoint_urls=True)  # type: ignore[call-arg]
# The services of AWS through which the command finds and changes a deployed stack.
_SERVICES = ("cloudformation", "dynamodb", "lambda", "sts")


class StackSelection(NamedTuple):
    """The values of --stack, --profile and --region."""

    name: str | None = None
    profile: str | None = None
    region: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """A stack's issuer, tables and functions, with the clients that reach them; `client` makes a client of any service.

    `stack` is the name that an operator sees. `services` are those whose endpoints the environment can replace.
    `actor` is the caller's ARN for the record; only deployment_to_change sets it.
    """

    stack: str
    services: tuple[str, ...]
    region: str
    issuer: str
    client_table: str
    grant_table: str
    key_ring_table: str
    revocation_table: str
    user_table: str
    authority_table: str
    login_function: str
    rotator_function: str
    authorizer_arn: str
    client: Callable[[str], Any]
    dynamodb: DynamoDBClient
    functions: LambdaClient
    actor: str = ""

    def clients(self) -> ClientRegistry:
        """Return the registered clients."""
        return DynamoDbClientRegistry(self.dynamodb, self.client_table)

    def resource_servers(self) -> ResourceServerRegistry:
        """Return the registered resource servers."""
        return DynamoDbResourceServerRegistry(self.dynamodb, self.client_table)

    def key_rings(self) -> KeyRingReader:
        """Return the key rings, to read."""
        return DynamoDbKeyRings(self.dynamodb, self.key_ring_table)

    def clock(self) -> ServiceClock:
        """Return the service time; calls DynamoDB once, since only a response of DynamoDB carries it."""
        clock = ServiceClock(self.dynamodb)
        self.dynamodb.get_item(TableName=self.key_ring_table, Key={"pk": {"S": "clock"}})
        return clock

    def users(self) -> UserStore:
        """Return the profiles of the users, to read."""
        return DynamoDbUsers(self.dynamodb, self.user_table)

    def user_directory(self) -> UserDirectory:
        """Return all users, page by page."""
        return DynamoDbUserDirectory(self.dynamodb, user_table=self.user_table, authority_table=self.authority_table)

    def consents(self) -> ConsentStore:
        """Return the consents of the users, to read."""
        return DynamoDbConsents(self.dynamodb, self.user_table)

    def authorities(self) -> AuthorityStore:
        """Return the status and the claims of the users."""
        return DynamoDbAuthorities(self.dynamodb, self.authority_table)

    def login(self) -> LoginFunction:
        """Return the login function, to invoke it."""
        return LoginFunction(self.functions, self.login_function)

    def rotator(self) -> RotatorFunction:
        """Return the rotator function, to invoke it."""
        return RotatorFunction(self.functions, self.rotator_function)

    def revocations(self) -> DynamoDbRevocationWriter:
        """Return the writer of revocations."""
        return DynamoDbRevocationWriter(
            self.dynamodb, self.revocation_table, self.clock(), token_lifetime=LONGEST_TOKEN_LIFETIME
        )


def find_deployment(selected: StackSelection | None, folder: Path) -> Deployment:
    """Return the stack of --stack, else of KEYTURN_STACK, else the embedded one of the folder; raises NoDeployment."""
    name, profile, region = selected or StackSelection()
    if name is None:
        name = os.environ.get("KEYTURN_STACK") or None
    if name is not None:
        return _deployed(name, open_session(profile, region))
    if profile is not None or region is not None:
        raise NoDeployment("--profile and --region are for a deployed stack", "name it with --stack or KEYTURN_STACK")
    embedded = find_embedded_stack(folder)
    try:
        return _embedded(embedded)
    except (ValueError, KeyError, TypeError):
        raise unreadable(embedded.folder) from None


def deployment_to_change(selected: StackSelection | None, folder: Path) -> Deployment:
    """Return the stack of find_deployment, after a line on standard error that names it; raises NoDeployment."""
    deployment = find_deployment(selected, folder)
    caller = find_caller(deployment.stack, deployment.client)
    if f":{caller.account}:" not in deployment.authorizer_arn:
        raise NoDeployment(
            f"nothing was done, since the credentials are of account {caller.account}, and the authorizer of stack "
            f"{deployment.stack} is {deployment.authorizer_arn}",
            "check AWS_ENDPOINT_URL and the profile",
        )
    endpoints = configured_endpoints(deployment.services, deployment.client)
    print_target(deployment.stack, caller.account, deployment.region, endpoints)
    return replace(deployment, actor=caller.actor)


def configured_endpoints(services: Iterable[str], client: Callable[..., Any]) -> dict[str, list[str]]:
    """Return the services that AWS_ENDPOINT_URL or the profile's endpoint_url sends elsewhere, by their endpoints."""
    endpoints: dict[str, list[str]] = {}
    for service in services:
        used = client(service).meta.endpoint_url
        if used != client(service, config=_AWS_ENDPOINTS).meta.endpoint_url:
            endpoints.setdefault(used, []).append(service)
    return endpoints


def print_target(stack: str, account: str, region: str, endpoints: Mapping[str, Iterable[str]]) -> None:
    """Print on standard error which stack is about to change, and the services that are not at AWS's own endpoints."""
    through = "".join(f", {' and '.join(services)} at {url}" for url, services in endpoints.items())
    print_line(f"stack: {stack}, account {account}, Region {region}{through}", err=True)


def open_session(profile: str | None, region: str | None) -> boto3.Session:
    """Return a session of the operator's own credentials; raises NoDeployment without a Region, and BotoCoreError."""
    session = boto3.Session(profile_name=profile, region_name=region)
    if session.region_name is None:
        raise NoDeployment(
            "no AWS Region is set", "give --region, set AWS_DEFAULT_REGION, or use a profile that has a Region"
        )
    return session


def _embedded(found: EmbeddedStack) -> Deployment:
    _check_that_it_answers(found.endpoint_url)
    session = boto3.Session(
        aws_access_key_id=found.access_key_id,
        aws_secret_access_key=found.secret_access_key,
        region_name=found.region,
    )
    name = f"embedded in {found.folder} at {found.endpoint_url}"
    return _deployment(name, found.outputs, session, endpoint_url=found.endpoint_url)


def _check_that_it_answers(endpoint_url: str) -> None:
    """Raise NoDeployment for a stack that does not answer at its endpoint."""
    address = urlsplit(endpoint_url)
    try:
        socket.create_connection((address.hostname or "", address.port or 0), timeout=5).close()
    except OSError:
        raise NoDeployment(
            f"the embedded stack of this folder does not answer at {endpoint_url}", "start it with `make run`"
        ) from None


def _deployed(stack: str, session: boto3.Session) -> Deployment:
    if not stack:
        raise NoDeployment("the name of the stack is empty", "give the name of a CloudFormation stack to --stack")
    try:
        [found] = session.client("cloudformation", config=_CONFIG).describe_stacks(StackName=stack)["Stacks"]
    except (BotoCoreError, ClientError) as error:
        raise NoDeployment(
            f"stack {stack} in {session.region_name}: {error}", "check the name, the profile and the Region"
        ) from None
    outputs = {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}
    if "KeyRingTableName" not in outputs:
        raise NoDeployment(
            f"stack {stack} is not a Keyturn stack: its output KeyRingTableName is missing",
            "list the stacks with `aws cloudformation list-stacks`",
        )
    try:
        return _deployment(stack, outputs, session)
    except KeyError as missing:
        raise NoDeployment(
            f"stack {stack} is of another release than this command, since it has no output {missing}",
            "use the `keyturn` of that release, or deploy this one",
        ) from None


def _deployment(
    stack: str, outputs: dict[str, str], session: boto3.Session, *, endpoint_url: str | None = None
) -> Deployment:
    # The embedded stack is on this machine: a proxy of the environment would send its requests to another machine.
    own = Config(proxies={}) if endpoint_url else Config()
    client = partial(session.client, endpoint_url=endpoint_url, config=_CONFIG.merge(own))
    return Deployment(
        stack=stack,
        services=() if endpoint_url else _SERVICES,
        region=session.region_name,
        issuer=outputs["IssuerUrl"],
        client_table=outputs["ClientTableName"],
        grant_table=outputs["GrantTableName"],
        key_ring_table=outputs["KeyRingTableName"],
        revocation_table=outputs["RevocationTableName"],
        user_table=outputs["UserTableName"],
        authority_table=outputs["AuthorityTableName"],
        login_function=outputs["LoginFunctionName"],
        rotator_function=outputs["KeyRotatorFunctionName"],
        authorizer_arn=outputs["AuthorizerArn"],
        client=client,
        dynamodb=client("dynamodb"),
        functions=client("lambda", config=_FUNCTION_CONFIG.merge(own)),
    )
