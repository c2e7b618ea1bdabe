"""The end of the stack."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.aws.names import LOG_GROUPS, ROLES, TABLES
from tests.aws.removal import end_stack
from tests.aws.stack import aws, find_stack

if TYPE_CHECKING:
    from local.stack_file import StackFile
    from tests.aws.report import Observe


@pytest.mark.on_aws_alone("the embedded stack is not to be deleted")
@pytest.mark.skipif("KEYTURN_AWS_KEEP" in os.environ, reason="KEEP=1: the stack stays")
def test_what_survives_the_stack(stack: StackFile, resources: dict[str, str], observe: Observe) -> None:
    """Tables and keys survive the stack's deletion, and versions of layers; roles and logs do not (docs/runbook.md)."""
    remains = end_stack(stack.stack_name)
    tables = [aws("dynamodb").describe_table(TableName=name)["Table"]["TableStatus"] for name in remains.tables]
    keys = [aws("kms").describe_key(KeyId=key)["KeyMetadata"]["KeyState"] for key in remains.keys]
    roles = [name for name in ROLES if role_exists(resources[name])]
    groups = [name for name in LOG_GROUPS if group_exists(resources[name])]
    observe(tables=tables, keys=keys, layers=len(remains.layers), roles=roles, log_groups=groups)
    assert find_stack(stack.stack_name) is None
    assert tables == ["ACTIVE"] * len(TABLES)
    assert "Enabled" in keys
    assert (roles, groups) == ([], [])


def role_exists(name: str) -> bool:
    """Return whether IAM knows the role."""
    iam = aws("iam")
    try:
        iam.get_role(RoleName=name)
    except iam.exceptions.NoSuchEntityException:
        return False
    return True


def group_exists(name: str) -> bool:
    """Return whether CloudWatch has the log group."""
    groups = aws("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    return any(group["logGroupName"] == name for group in groups)
