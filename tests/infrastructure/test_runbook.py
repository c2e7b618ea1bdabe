"""The commands of the pages exist, and the runbook names what a failed first deployment leaves."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore import xform_name

from tests.infrastructure.creation import Creation
from tests.infrastructure.native_template import NativeTemplate
from tests.pages.fences import commands_of, inline_codes, page_names

ROOT = Path(__file__).parents[2]
RUNBOOK = ROOT / "docs" / "runbook.md"
COMMAND = re.compile(r"\baws ([a-z0-9]+) (wait )?([a-z][a-z0-9-]+)((?:\\\n|[^\n|;)&])*)")
OPTION = re.compile(r"(?<=\s)--([a-z0-9-]+)")
# Options of the AWS CLI itself, and a command that it adds to the API.
GLOBAL = {"output", "profile", "query", "region"}
ADDED = {("cloudformation", "deploy")}


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
