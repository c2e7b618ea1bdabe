"""Taking away what a verification deployed: the stack, and what it leaves behind on purpose.

The stack alone names what it leaves, so that the list is written before the stack goes. A removal that broke off is
continued by the next one.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from keyturn.adapters.keys.dynamodb_key_rings import DynamoDbKeyRings
from local.stack_file import write_private_file
from tests.aws.names import TABLES
from tests.aws.run import ROOT
from tests.aws.stack import aws, find_resources

FOLDER = ROOT / "build" / "verification"
WINDOW_DAYS = 7  # the shortest that KMS takes
# The states of a resource that a rollback or a deletion left.
_KEPT = frozenset({"CREATE_COMPLETE", "DELETE_FAILED", "DELETE_SKIPPED"})
_GONE = frozenset({"PendingDeletion", "PendingReplicaDeletion"})


class Remains(NamedTuple):
    """Resources that outlive a deleted stack: names of tables, ARNs of keys and of versions of layers."""

    tables: list[str]
    keys: list[str]
    layers: list[str]


def find_remains(stack_name: str) -> Remains:
    """Return what will be left, from the stack while it is there: its own ring alone says which keys are its own."""
    resources = find_resources(stack_name)
    rings = DynamoDbKeyRings(aws("dynamodb"), resources["KeyRingTable"]).load_all()
    return Remains(
        tables=[resources[name] for name in TABLES],
        keys=[key.arn for ring in rings for key in ring.keys]
        + [intent.arn for ring in rings for intent in ring.intents if intent.arn is not None]
        + [resources["PepperKey"]],
        layers=[arn for arn in resources.values() if ":layer:" in arn],
    )


def end_stack(stack_name: str) -> Remains:
    """Write down what the stack will leave, delete it, and return what it has left; raises WaiterError."""
    remains = find_remains(stack_name)
    FOLDER.mkdir(parents=True, exist_ok=True)
    write_private_file(_note(stack_name), json.dumps(remains._asdict()))
    delete_stack(stack_name)
    return remains


def delete_stack(stack_name: str) -> None:
    """Delete the stack, and wait until it is gone; raises WaiterError."""
    cloudformation = aws("cloudformation")
    cloudformation.delete_stack(StackName=stack_name)
    cloudformation.get_waiter("stack_delete_complete").wait(
        StackName=stack_name, WaiterConfig={"Delay": 5, "MaxAttempts": 360}
    )


def remove_remains(stack_name: str) -> list[str]:
    """Delete tables and layers, schedule the deletion of keys; return what could not be, each with the reason."""
    note = _note(stack_name)
    if not note.exists():
        return []
    remains = Remains(**json.loads(note.read_text()))
    steps: list[tuple[Callable[[str], None], str]] = [
        *((delete_table, table) for table in remains.tables),
        *((delete_layer, layer) for layer in remains.layers),
        *((schedule_deletion, key) for key in remains.keys),
    ]
    left = []
    for remove, name in steps:
        try:
            remove(name)
        except (BotoCoreError, ClientError) as error:
            left.append(f"{name}: {error}")
    if not left:
        note.unlink()
    return left


def failing_stack(stack_name: str) -> str:
    """Return the name of the stack beside this one whose creation must fail."""
    return f"{stack_name}-fails"


def remove_failing(name: str) -> list[str]:
    """Delete a stack whose creation failed, with all that its rollback kept; return the logical ids of the latter."""
    pages = aws("cloudformation").get_paginator("list_stack_resources").paginate(StackName=name)
    kept = {
        each["LogicalResourceId"]: each.get("PhysicalResourceId", "")
        for page in pages
        for each in page["StackResourceSummaries"]
        if each["ResourceStatus"] in _KEPT
    }
    for logical_id, physical_id in kept.items():
        if logical_id in TABLES:
            delete_table(physical_id)
        elif logical_id == "PepperKey":
            schedule_deletion(physical_id)
        elif ":layer:" in physical_id:
            delete_layer(physical_id)
    delete_stack(name)
    return sorted(kept)


def _note(stack_name: str) -> Path:
    return FOLDER / f"{stack_name}-{aws('cloudformation').meta.region_name}-remains.json"


def delete_table(name: str) -> None:
    """Delete a table, also one that was deployed with its protection; one that is gone is no error."""
    dynamodb = aws("dynamodb")
    with contextlib.suppress(dynamodb.exceptions.ResourceNotFoundException):
        if dynamodb.describe_table(TableName=name)["Table"].get("DeletionProtectionEnabled"):
            dynamodb.update_table(TableName=name, DeletionProtectionEnabled=False)
            dynamodb.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 2})
        dynamodb.delete_table(TableName=name)


def delete_layer(arn: str) -> None:
    """Delete a version of a layer; one that is gone is no error."""
    name, _, version = arn.rpartition(":")
    aws("lambda").delete_layer_version(LayerName=name, VersionNumber=int(version))


def schedule_deletion(key: str) -> None:
    """Schedule the deletion of a key, unless it is scheduled or done."""
    kms = aws("kms")
    with contextlib.suppress(kms.exceptions.NotFoundException):
        metadata: dict[str, Any] = kms.describe_key(KeyId=key)["KeyMetadata"]
        if metadata["KeyState"] not in _GONE:
            if metadata["KeyUsage"] == "GENERATE_VERIFY_MAC":
                _allow_deletion(key)
            kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=WINDOW_DAYS)


def _allow_deletion(pepper: str) -> None:
    """Rewrite the policy of the pepper, which lets nobody delete it, as an administrator would (docs/runbook.md)."""
    kms = aws("kms")
    policy = json.loads(kms.get_key_policy(KeyId=pepper, PolicyName="default")["Policy"])
    for statement in policy["Statement"]:
        if statement["Sid"] == "TheAccountManagesAndCannotGenerateMacs":
            statement["Action"] = sorted({*statement["Action"], "kms:ScheduleKeyDeletion"})
    kms.put_key_policy(KeyId=pepper, PolicyName="default", Policy=json.dumps(policy))
