"""The commands of the pages exist, and those of a failed first deployment remove what it left."""

from __future__ import annotations

import functools
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore import xform_name

from tests.fakes.moto_dynamodb import moto_dynamodb
from tests.infrastructure.creation import Creation
from tests.infrastructure.native_template import NativeTemplate
from tests.pages.fences import commands_of, inline_codes, page_names

ROOT = Path(__file__).parents[2]
RUNBOOK = ROOT / "docs" / "runbook.md"
FENCE = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"\baws ([a-z0-9]+) (wait )?([a-z][a-z0-9-]+)((?:\\\n|[^\n|;)&])*)")
OPTION = re.compile(r"(?<=\s)--([a-z0-9-]+)")
# Options of the AWS CLI itself, and a command that it adds to the API.
GLOBAL = {"output", "profile", "query", "region"}
ADDED = {("cloudformation", "deploy")}
# A stand-in for the AWS CLI: it writes down its arguments, and returns the tables of the stack that failed.
AWS = """#!/bin/bash
printf '%q ' "$@" >> calls; echo >> calls
case "$*" in *DynamoDB::Table*) printf 'one-RevocationTable-B\\tone-KeyRingTable-A\\tone-KeyRingTable-A\\n' ;; esac
"""


def commands() -> Iterator[Any]:
    """Yield each command of the AWS CLI in the pages."""
    for page in page_names():
        for text in (*(fence.text for fence in commands_of(page)), *inline_codes(page)):
            for found in COMMAND.finditer(text):
                if (found[1], found[3]) not in ADDED:
                    named = f"{page}-{found[1]}-{found[3]}"
                    yield pytest.param(found[1], bool(found[2]), found[3], OPTION.findall(found[4]), id=named)


@functools.cache
def client(service: str) -> Any:
    """Return the client of a service, for its model."""
    return boto3.client(service, region_name="us-east-1")  # type: ignore[call-overload]  # any service


@pytest.mark.parametrize(("service", "waits", "operation", "options"), [*commands()])
def test_a_command_exists(service: str, waits: bool, operation: str, options: list[str]) -> None:
    """Service, operation and options of a command are those of AWS's API models."""
    method = operation.replace("-", "_")
    if waits:
        assert method in client(service).waiter_names
        model = client(service).get_waiter(method).config.operation
    else:
        model = client(service).meta.method_to_api_mapping[method]
    members = client(service).meta.service_model.operation_model(model).input_shape.members
    known = {xform_name(name, "-") for name in members}
    assert {option for option in options if option.removeprefix("no-") not in known} <= GLOBAL


def section(heading: str) -> str:
    """Return the shell blocks of a section of the runbook, as one script."""
    text = RUNBOOK.read_text()
    start = text.index(f"## {heading}\n")
    return "\n".join(FENCE.findall(text[start : text.index("\n## ", start + 1)]))


def test_the_commands_clear_a_failed_first_deployment(tmp_path: Path) -> None:
    """The section's commands delete the stack first, then its protected tables, and schedule the end of its keys."""
    (tmp_path / "aws").write_text(AWS)
    (tmp_path / "aws").chmod(0o755)
    keyturn = tmp_path / ".venv" / "bin" / "keyturn"
    keyturn.parent.mkdir(parents=True)
    keyturn.write_text('#!/bin/bash\necho "keyturn $*" >> calls\n')
    keyturn.chmod(0o755)
    path = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    script = section("The first deployment failed")
    subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=tmp_path, env=path, check=True, capture_output=True)
    calls = [shlex.split(line) for line in (tmp_path / "calls").read_text().splitlines()]
    with moto_dynamodb() as dynamodb:
        for table in ("one-KeyRingTable-A", "one-RevocationTable-B", "another-KeyRingTable-C"):
            dynamodb.create_table(
                TableName=table,
                BillingMode="PAY_PER_REQUEST",
                DeletionProtectionEnabled=True,
                AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
                KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            )
        for call in calls:
            if call[:2] == ["dynamodb", "update-table"]:
                dynamodb.update_table(
                    TableName=call[-1], DeletionProtectionEnabled="--deletion-protection-enabled" in call
                )
            elif call[:2] == ["dynamodb", "delete-table"]:
                dynamodb.delete_table(TableName=call[-1])
        assert dynamodb.list_tables()["TableNames"] == ["another-KeyRingTable-C"]
    steps = [call[1] for call in calls if call[0] == "cloudformation"]
    assert steps == [*["describe-stack-events"] * 3, "delete-stack", "wait"]
    assert calls[-1] == ["keyturn", "uninstall", "keyturn", "--delete-keys"]


def test_the_section_names_what_a_failed_creation_leaves(template: NativeTemplate) -> None:
    """The section names each kind of resource that a rollback leaves."""
    text = RUNBOOK.read_text()
    named = text[text.index("## The first deployment failed") :]
    words = {
        "AWS::DynamoDB::Table": "tables remain",
        "AWS::KMS::Key": "pepper remains",
        "AWS::Lambda::LayerVersion": "versions of the layers",
        "Custom::FirstKey": "signing keys that `FirstKey` made",
    }
    [_, largest] = Creation(template).fail("Schedule")
    assert {template.resources[name]["Type"] for name in largest.remains} == words.keys()
    assert all(each in named.replace("\n", " ") for each in words.values())
