"""The tables of a stack in moto, described as the embedded one describes itself, and the operator's command on it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3
from moto import mock_aws
from typer.testing import CliRunner, Result

from keyturn.adapters.dynamodb_key_ring import DynamoDbKeyRingStore
from keyturn.domain.key_ring import KeyRing, KeyState, RingKey
from keyturn_cli import app as command_line
from keyturn_cli.deployment import Deployment, find_deployment
from tests.fakes.moto_dynamodb import create_table
from tests.fakes.token_factory import ISSUER, SigningKey

TABLES = {"key-ring": ("pk",), "clients": ("pk",), "revocations": ("pk", "sk")}
STACK = {
    "outputs": {
        "IssuerUrl": ISSUER,
        "KeyRingTableName": "key-ring",
        "ClientTableName": "clients",
        "GrantTableName": "grants",
        "RevocationTableName": "revocations",
        "KeyRotatorFunctionName": "rotator",
        "AuthorizerArn": "arn:aws:lambda:us-east-1:123456789012:function:authorizer",
    },
    "emulator": {
        "endpoint_url": None,  # each service's own, which moto knows
        "region": "us-east-1",
        "access_key_id": "testing",
        "secret_access_key": "testing",
    },
}


@contextmanager
def command_stack(project: Path) -> Iterator[None]:
    """Bring up the tables of a stack, and describe it in this folder."""
    description = project / ".local" / "stack.json"
    description.parent.mkdir(parents=True)
    description.write_text(json.dumps(STACK))
    with mock_aws():
        dynamodb = boto3.client("dynamodb", region_name="us-east-1")
        for name, keys in TABLES.items():
            create_table(dynamodb, name, *keys)
        yield


def run(*arguments: str, stdin: str | bytes | None = None) -> Result:
    """Run `keyturn` in this folder."""
    return CliRunner().invoke(command_line.app, list(arguments), input=stdin)


def deployment() -> Deployment:
    """Return the stack as the command finds it."""
    return find_deployment(None, Path.cwd())


def put_ring(key: SigningKey) -> None:
    """Store a ring with one active key."""
    stack = deployment()
    DynamoDbKeyRingStore(stack.dynamodb, stack.key_ring_table, stack.revocation_table).create(
        KeyRing(
            name="default",
            version=1,
            keys=[
                RingKey(
                    kid=key.kid,
                    arn="arn:aws:kms:eu-west-1:111122223333:key/1",
                    algorithm=key.algorithm,
                    jwk=key.jwk,
                    state=KeyState.ACTIVE,
                    created_at=0,
                    published_at=60,
                    activated_at=3600,
                )
            ],
            longest_lifetime=3600,
        )
    )
