"""The emulator's CloudFormation rolls a failed creation back by the deletion policy of each resource."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from local.transform import read_template

if TYPE_CHECKING:
    from local.emulator import Emulator

ROOT = Path(__file__).parents[2]
CHOSEN = read_template(ROOT / "template.yaml")["Resources"]["KeyRingTable"]["DeletionPolicy"]


@pytest.mark.parametrize(("policy", "remains"), [("RetainExceptOnCreate", False), (CHOSEN, True)])
def test_a_rollback_deletes_no_table_of_the_template(emulator: Emulator, policy: str, remains: bool) -> None:
    """A rollback skips a table with the template's policy; RetainExceptOnCreate deletes it, which DynamoDB refuses."""
    name = f"rolled-back-{policy.lower()}"
    table: dict[str, Any] = {
        "Type": "AWS::DynamoDB::Table",
        "DeletionPolicy": policy,
        "Properties": {
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
            "DeletionProtectionEnabled": True,
        },
    }
    missing = {
        "Type": "Custom::Missing",
        "DependsOn": "Table",
        "Properties": {"ServiceToken": "arn:aws:lambda:us-east-1:000000000000:function:missing", "ServiceTimeout": 1},
    }
    cloudformation = emulator.client("cloudformation")
    body = json.dumps({"Resources": {"Table": table, "Missing": missing}})
    cloudformation.create_stack(StackName=name, TemplateBody=body)
    for _ in range(200):
        seen = cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
        if not seen.endswith("_IN_PROGRESS"):
            break
        time.sleep(0.05)
    assert seen == "ROLLBACK_COMPLETE"
    tables = emulator.client("dynamodb").list_tables()["TableNames"]
    # The emulator deletes a protected table too.
    assert any(each.startswith(f"{name}-Table-") for each in tables) is remains
