"""The steps that the pages leave to an administrator of the account, and the fault that precedes them.

`administrator STEP …` takes one, in the shell of a page.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import boto3

from keyturn.adapters.keys.key_ring_item import ring_key
from local.stack_file import read_stack_file

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import ParameterTypeDef


def allow_deletion(policy: str) -> None:
    """Edit the policy of a key that is to be deleted: leave out what it denies."""
    path = Path(policy)
    document = json.loads(path.read_text())
    document["Statement"] = [each for each in document["Statement"] if each["Effect"] == "Allow"]
    path.write_text(json.dumps(document))


def fail_update() -> None:
    """Update the stack while the ring is damaged, and repair it: FirstKey refused the update, and then its rollback."""
    dynamodb, cloudformation = boto3.client("dynamodb"), boto3.client("cloudformation")
    stack = read_stack_file(Path(".local") / "stack.json")
    name, table = stack.stack_name, stack.outputs["KeyRingTableName"]
    ring = dynamodb.get_item(TableName=table, Key=ring_key("default"))["Item"]
    dynamodb.put_item(TableName=table, Item=ring_key("default"))
    [described] = cloudformation.describe_stacks(StackName=name)["Stacks"]
    values = {each["ParameterKey"]: each["ParameterValue"] for each in described["Parameters"]}
    days = str(int(values.pop("DeletionWindowDays")) + 1)
    parameters: list[ParameterTypeDef] = [{"ParameterKey": each, "UsePreviousValue": True} for each in values]
    parameters.append({"ParameterKey": "DeletionWindowDays", "ParameterValue": days})
    cloudformation.update_stack(
        StackName=name, UsePreviousTemplate=True, Parameters=parameters, Capabilities=["CAPABILITY_IAM"]
    )
    status = "UPDATE_IN_PROGRESS"
    while status.endswith("_IN_PROGRESS"):
        time.sleep(0.1)
        status = cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
    assert status == "UPDATE_ROLLBACK_FAILED", status
    dynamodb.put_item(TableName=table, Item=ring)


_STEPS: dict[str, Callable[..., None]] = {"allow-deletion": allow_deletion, "fail-update": fail_update}


def main() -> None:
    """Take the step that the arguments name."""
    _STEPS[sys.argv[1]](*sys.argv[2:])
