"""Functions that a test writes in one line, and what calls the emulator by a URL."""

from __future__ import annotations

import io
import json
import urllib.request
import zipfile
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from local.emulator import Emulator

ROLE = "harmless"
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # also on a machine with a proxy


def create_function(emulator: Emulator, name: str, handler: str) -> dict[str, Any]:
    """Create a function from an expression, under a role that may do nothing; return its configuration."""
    iam, trust = emulator.client("iam"), {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    with suppress(iam.exceptions.EntityAlreadyExistsException):
        iam.create_role(
            RoleName=ROLE, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        )
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as output:
        output.writestr("index.py", f"import json, os, urllib.request\nhandler = {handler}\n")
    configuration: dict[str, Any] = emulator.client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=iam.get_role(RoleName=ROLE)["Role"]["Arn"],
        Handler="index.handler",
        Timeout=20,
        Code={"ZipFile": archive.getvalue()},
    )
    return configuration


def invoke(emulator: Emulator, name: str, event: object = None) -> Any:
    """Return what the function returns; fails with its error."""
    answer = emulator.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event).encode())
    payload = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, payload
    return payload
