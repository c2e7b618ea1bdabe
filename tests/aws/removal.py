"""Taking away what a verification deployed: the stack, and what it leaves behind on purpose."""

from __future__ import annotations

import contextlib
from typing import Any, NamedTuple

from keyturn.adapters.dynamodb_key_ring import DynamoDbKeyRing
from keyturn.domain.key_ring import DEFAULT_RING
from tests.aws.stack import aws, find_resources

TABLES = ("KeyRingTable", "RevocationTable", "ClientTable")
WINDOW_DAYS = 7  # the shortest that KMS takes
_GONE = frozenset({"PendingDeletion", "PendingReplicaDeletion"})


class Remains(NamedTuple):
    """What a stack leaves when it is deleted: names of tables, ARNs of keys and of versions of layers."""

    tables: tuple[str, ...]
    keys: tuple[str, ...]
    layers: tuple[str, ...]


def find_remains(stack_name: str) -> Remains:
    """Return what will be left, from the stack while it is there: its own ring alone says which keys are its own."""
    resources = find_resources(stack_name)
    ring = DynamoDbKeyRing(aws("dynamodb"), resources["KeyRingTable"]).load(DEFAULT_RING)
    keys = [key.arn for key in ring.keys] + [intent.arn for intent in ring.intents if intent.arn is not None]
    return Remains(
        tables=tuple(resources[name] for name in TABLES),
        keys=tuple(keys),
        layers=tuple(arn for arn in resources.values() if ":layer:" in arn),
    )


def delete_stack(stack_name: str) -> None:
    """Delete the stack, and wait until it is gone; raises WaiterError."""
    cloudformation = aws("cloudformation")
    cloudformation.delete_stack(StackName=stack_name)
    cloudformation.get_waiter("stack_delete_complete").wait(
        StackName=stack_name, WaiterConfig={"Delay": 5, "MaxAttempts": 360}
    )


def remove_remains(remains: Remains) -> None:
    """Delete the tables and layers and schedule the deletion of the keys; what is gone already is no error."""
    dynamodb, lambda_ = aws("dynamodb"), aws("lambda")
    for table in remains.tables:
        with contextlib.suppress(dynamodb.exceptions.ResourceNotFoundException):
            dynamodb.delete_table(TableName=table)
    for layer in remains.layers:
        name, _, version = layer.rpartition(":")
        lambda_.delete_layer_version(LayerName=name, VersionNumber=int(version))
    for key in remains.keys:
        schedule_deletion(key)


def schedule_deletion(key: str) -> None:
    """Schedule the deletion of a key, unless it is scheduled or done."""
    kms = aws("kms")
    with contextlib.suppress(kms.exceptions.NotFoundException):
        metadata: dict[str, Any] = kms.describe_key(KeyId=key)["KeyMetadata"]
        if metadata["KeyState"] not in _GONE:
            kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=WINDOW_DAYS)
