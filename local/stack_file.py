"""`.local/stack.json`: where the running stack is, for scripts, tests and the `keyturn` command."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import boto3

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class StackFile:
    """A running stack; each of `apis` is the URL of a GET that needs `scope`, `apis_origin` that of the front proxy.

    `outputs` are those of the CloudFormation stack. `emulator` is how to talk to it as its root: endpoint_url, region,
    access_key_id, secret_access_key; empty for a stack on AWS. `containers` is the endpoint for containers,
    None where no Docker engine runs. `make run` alone adds `user`: a user's subject, email and password. It also
    adds the URLs `app` of examples/browser-app and `socket` of the WebSocket example.
    """

    issuer: str
    token_endpoint: str
    client_id: str
    client_secret: str
    audience: str
    scope: str
    apis: dict[str, str]
    stack_name: str
    outputs: dict[str, str]
    emulator: dict[str, str]
    containers: str | None
    process_id: int
    apis_origin: str = ""
    user: dict[str, str] | None = None
    app: str | None = None
    socket: str | None = None


def write_stack_file(path: Path, stack: StackFile) -> None:
    """Write the file for its owner alone, whole or not at all."""
    write_private_file(path, json.dumps(asdict(stack), indent=2) + "\n")


def write_private_file(path: Path, text: str) -> None:
    """Write a text with secrets in it, for its owner alone, whole or not at all."""
    unfinished = path.with_name(path.name + ".tmp")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    unfinished.replace(path)


def read_stack_file(path: Path) -> StackFile:
    """Return what a running stack wrote; raises FileNotFoundError when none is up."""
    return StackFile(**json.loads(path.read_text()))


def connect(stack: StackFile, service: str) -> Any:
    """Return a boto3 client that is root in the emulator's account, or of the environment for a stack on AWS."""
    return boto3.session.Session(
        aws_access_key_id=stack.emulator.get("access_key_id"),
        aws_secret_access_key=stack.emulator.get("secret_access_key"),
        region_name=stack.emulator.get("region"),
    ).client(service, endpoint_url=stack.emulator.get("endpoint_url"))  # type: ignore[call-overload]
