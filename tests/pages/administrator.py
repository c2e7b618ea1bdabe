"""The steps that the pages leave to an administrator of the account, and the fault that precedes them.

`python -m tests.pages.administrator STEP …` takes one, in the shell of a page.
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


def fail_update(copy: str) -> None:
    """Keep a copy of the ring, damage it, and update the stack: FirstKey refuses the update, and then its rollback."""
    dynamodb, cloudformation = boto3.client("dynamodb"), boto3.client("cloudformation")
    name, table = _stack_and_table()
    Path(copy).write_text(json.dumps(dynamodb.get_item(TableName=table, Key=ring_key("default"))["Item"]))
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


def repair_ring(copy: str) -> None:
    """Put the copy of the ring back."""
    _, table = _stack_and_table()
    boto3.client("dynamodb").put_item(TableName=table, Item=json.loads(Path(copy).read_text()))


def _stack_and_table() -> tuple[str, str]:
    stack = read_stack_file(Path(".local") / "stack.json")
    return stack.stack_name, stack.outputs["KeyRingTableName"]


_STEPS: dict[str, Callable[[str], None]] = {
    "allow-deletion": allow_deletion,
    "fail-update": fail_update,
    "repair-ring": repair_ring,
}

if __name__ == "__main__":
    _STEPS[sys.argv[1]](sys.argv[2])
