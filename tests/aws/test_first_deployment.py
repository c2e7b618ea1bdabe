"""A first deployment that fails: the rollback completes, and the runbook's steps clear what remains."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.aws.names import TABLES
from tests.aws.removal import delete_layer, delete_stack, delete_table, schedule_deletion
from tests.aws.stack import aws, describe, parameters_of
from tests.aws.verify import PARAMETERS, deploy

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.stack_file import StackFile
    from tests.aws.report import Observe

# These rules of the account hold for a second stack too.
OF_THE_ACCOUNT = ("Architecture", "PermissionsBoundaryArn", "RolePath")
REMOVAL: dict[str, Callable[[str], None]] = {
    "AWS::DynamoDB::Table": delete_table,
    "AWS::KMS::Key": schedule_deletion,
    "AWS::Lambda::LayerVersion": delete_layer,
}


@pytest.mark.on_aws_alone("the emulator's rollback is its own")
def test_a_first_deployment_that_fails_can_be_cleared(stack: StackFile, observe: Observe) -> None:
    """Durations that break a rule fail the creation: ROLLBACK_COMPLETE, with protected tables that can be removed."""
    name = f"{stack.stack_name}-failed"
    given = parameters_of(describe(stack.stack_name))
    wrong = {"PublishLeadSeconds": "1", "DeletionProtection": "true"}
    with pytest.raises(subprocess.CalledProcessError):
        deploy(name, PARAMETERS | {each: given[each] for each in OF_THE_ACCOUNT} | wrong)
    status, events = describe(name)["StackStatus"], events_of(name)
    reasons = [each.get("ResourceStatusReason", "") for each in events if each["ResourceStatus"] == "CREATE_FAILED"]
    skipped = {
        (each["ResourceType"], each["PhysicalResourceId"])
        for each in events
        if each["ResourceStatus"] == "DELETE_SKIPPED" and each["ResourceType"] in REMOVAL
    }
    delete_stack(name)
    for kind, resource in skipped:
        REMOVAL[kind](resource)
    kinds = sorted(kind for kind, _ in skipped)
    observe(status=status, reasons=reasons[:2], remains=kinds)
    assert status == "ROLLBACK_COMPLETE"
    assert any("PublishLeadSeconds must be at least" in reason for reason in reasons)
    assert kinds.count("AWS::DynamoDB::Table") == len(TABLES)


def events_of(stack_name: str) -> list[dict[str, Any]]:
    """Return all events of a stack."""
    pages = aws("cloudformation").get_paginator("describe_stack_events").paginate(StackName=stack_name)
    return [event for page in pages for event in page["StackEvents"]]
