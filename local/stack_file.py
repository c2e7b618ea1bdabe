"""`.local/stack.json`: where the running stack is, for scripts, tests and the `keyturn` command."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class StackFile:
    """A running stack; each of `apis` is the URL of a GET that needs `scope`.

    `outputs` are those of the CloudFormation stack. `emulator` is how to talk to it as its root: endpoint_url, region,
    access_key_id, secret_access_key.
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
    process_id: int


def write_stack_file(path: Path, stack: StackFile) -> None:
    """Write the file for its owner alone, whole or not at all."""
    unfinished = path.with_suffix(".tmp")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(asdict(stack), file, indent=2)
        file.write("\n")
    unfinished.replace(path)


def read_stack_file(path: Path) -> StackFile:
    """Return what a running stack wrote; raises FileNotFoundError when none is up."""
    return StackFile(**json.loads(path.read_text()))
