"""The tables of a stack in moto, described as the embedded one describes itself, and the operator's command on it."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any
from unittest import mock

import boto3
from botocore import handlers
from moto import mock_aws
from typer.testing import CliRunner, Result

from keyturn.adapters.keys.dynamodb_key_ring import DynamoDbKeyRingStore
from keyturn.domain.keys.key_ring import KeyRing, KeyState, RingKey
from keyturn_cli import app as command_line
from keyturn_cli.deployment import Deployment, find_deployment
from tests.fakes.moto_dynamodb import create_table
from tests.fakes.token_factory import AUDIENCE, ISSUER, SigningKey

TABLES = {
    "key-ring": ("pk",),
    "clients": ("pk",),
    "grants": ("pk",),
    "revocations": ("pk", "sk"),
    "users": ("pk", "sk"),
    "authorities": ("pk",),
}
# The caller of moto's STS.
CALLER = "arn:aws:sts::123456789012:user/moto"
ENDPOINT = "http://127.0.0.1:4566"
STACK: dict[str, Any] = {
    "outputs": {
        "IssuerUrl": ISSUER,
        "KeyRingTableName": "key-ring",
        "ClientTableName": "clients",
        "GrantTableName": "grants",
        "RevocationTableName": "revocations",
        "UserTableName": "users",
        "AuthorityTableName": "authorities",
        "LoginFunctionName": "login",
        "KeyRotatorFunctionName": "rotator",
        "AuthorizerArn": "arn:aws:lambda:us-east-1:123456789012:function:authorizer",
    },
    "emulator": {
        "endpoint_url": ENDPOINT,
        "region": "us-east-1",
        "access_key_id": "testing",
        "secret_access_key": "testing",
    },
}

ENVIRONMENT = {
    "ISSUER": ISSUER,
    "PREVIOUS_ISSUERS": "",
    "AUDIENCES": AUDIENCE,
    "API_AUDIENCES": "required",
    "KEY_RING_TABLE": "key-ring",
    "REVOCATION_TABLE": "revocations",
    "LEEWAY_SECONDS": "10",
    "MAX_TOKEN_LIFETIME_SECONDS": "3600",
    "REVOCATION_BOUND_SECONDS": "10",
    "REVOCATION_MODE": "snapshot",
    "FUNCTION_TIMEOUT_SECONDS": "3",
    "ALLOWED_LOG_PERCENT": "10",
    "ACCESS_RULES_PARAMETER": "",
    "ACCESS_RULES": '{"apis": {}}',
}


@contextmanager
def command_stack(project: Path) -> Iterator[None]:
    """Bring up the tables of a stack, and describe it in this folder."""
    with described_stack(project), mock_aws():
        dynamodb = boto3.client("dynamodb", region_name="us-east-1")
        for name, keys in TABLES.items():
            create_table(dynamodb, name, *keys)
        yield


def deploy_authorizer(**changes: str | None) -> None:
    """Deploy the authorizer function with this environment; None leaves a variable out."""
    variables = {name: value for name, value in (ENVIRONMENT | changes).items() if value is not None}
    role = boto3.client("iam").create_role(RoleName="authorizer", AssumeRolePolicyDocument='{"Statement": []}')
    boto3.client("lambda", region_name="us-east-1").create_function(
        FunctionName="authorizer",
        Runtime="python3.13",
        Role=role["Role"]["Arn"],
        Handler="app.handler",
        Code={"ZipFile": b"zip"},
        Environment={"Variables": variables},
    )


@contextmanager
def described_stack(project: Path) -> Iterator[Path]:
    """Describe a stack that runs in this folder, as `make run` does; moto answers at its endpoint."""
    folder = project / ".local"
    folder.mkdir(parents=True, mode=0o700)
    description = folder / "stack.json"
    description.write_text(json.dumps(STACK))
    description.chmod(0o600)
    with (
        (folder / "lock").open("w") as lock,
        mock.patch.object(handlers, "BUILTIN_HANDLERS", [("before-send", _to_moto), *handlers.BUILTIN_HANDLERS]),
        mock.patch("socket.create_connection"),
        mock.patch.dict("os.environ"),
    ):
        os.environ.pop("KEYTURN_STACK", None)
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield description


def _to_moto(request: Any, event_name: str, **_other: Any) -> None:
    """Address a request for the endpoint to the service of AWS that moto stands for."""
    service = event_name.split(".")[1]
    name = {"api-gateway": "apigateway", "apigatewayv2": "apigateway"}.get(service, service)
    request.url = request.url.replace(ENDPOINT, f"https://{name}.us-east-1.amazonaws.com", 1)


def run(*arguments: str, stdin: str | bytes | None = None) -> Result:
    """Run `keyturn` in this folder."""
    return CliRunner().invoke(command_line.app, list(arguments), input=stdin)


def deployment() -> Deployment:
    """Return the stack as the command finds it; each test has a folder of its own."""
    return _deployment_of(Path.cwd())


@lru_cache(maxsize=1)
def _deployment_of(folder: Path) -> Deployment:
    return find_deployment(None, folder)


def put_ring(key: SigningKey) -> None:
    """Store a ring with one active key."""
    stack = deployment()
    ring = ring_of(key, arn="arn:aws:kms:eu-west-1:111122223333:key/1")
    DynamoDbKeyRingStore(stack.dynamodb, stack.key_ring_table, stack.revocation_table).create(ring)


def ring_of(key: SigningKey, *, arn: str) -> KeyRing:
    """Return a ring with this one active key."""
    active = RingKey(
        kid=key.kid,
        arn=arn,
        algorithm=key.algorithm,
        jwk=key.jwk,
        state=KeyState.ACTIVE,
        created_at=0,
        published_at=60,
        activated_at=3600,
    )
    return KeyRing(name="default", version=1, keys=[active], longest_lifetime=3600)
