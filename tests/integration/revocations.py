"""An operator's revocations on the embedded stack."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.adapters.aws.service_clock import ServiceClock
from keyturn.adapters.revocations.dynamodb_revocations import DynamoDbRevocationWriter
from keyturn.domain.revocations.revocation import Revocation, Target
from tests.integration.aws import aws

if TYPE_CHECKING:
    from local.stack_file import StackFile

_RETENTION = 9000


def revoke(stack: StackFile, target: Target, *, at: int, not_before: int | None = None) -> None:
    """Write a revocation with an operator's rights; `at` is about now, in seconds."""
    dynamodb = aws(stack, "dynamodb")
    clock = ServiceClock(dynamodb)
    # The answer sets the clock.
    dynamodb.get_item(TableName=stack.outputs["KeyRingTableName"], Key={"pk": {"S": "clock"}})
    writer = DynamoDbRevocationWriter(dynamodb, stack.outputs["RevocationTableName"], clock, token_lifetime=3660)
    writer.revoke(Revocation(target, expires_at=at + _RETENTION, not_before=not_before), reason="test", actor="test")
