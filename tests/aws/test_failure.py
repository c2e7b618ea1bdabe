"""A deployment that must not succeed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.aws.patience import eventually
from tests.aws.stack import aws, describe, parameters_of
from tests.integration.http import get_token, statuses

if TYPE_CHECKING:
    from local.stack_file import StackFile
    from tests.aws.report import Observe


@pytest.mark.on_aws_alone("a test of the rotator shows it on the emulator")
def test_durations_that_would_drop_tokens_are_refused(stack: StackFile, observe: Observe) -> None:
    """An update whose durations break a rule is rolled back, says the rule, and no token is lost (I1)."""
    cloudformation, token = aws("cloudformation"), get_token(stack)
    changed: list[dict[str, Any]] = [{"ParameterKey": "PublishLeadSeconds", "ParameterValue": "1"}]
    kept = parameters_of(describe(stack.stack_name)).keys() - {"PublishLeadSeconds"}
    cloudformation.update_stack(
        StackName=stack.stack_name,
        UsePreviousTemplate=True,
        Parameters=changed + [{"ParameterKey": name, "UsePreviousValue": True} for name in sorted(kept)],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    status, waited = eventually(
        lambda: str(describe(stack.stack_name)["StackStatus"]),
        lambda status: not status.endswith("_IN_PROGRESS"),
        seconds=1200,
        pause=10,
    )
    events = cloudformation.describe_stack_events(StackName=stack.stack_name)["StackEvents"]
    reasons = [
        event.get("ResourceStatusReason", "")
        for event in events
        if event["LogicalResourceId"] == "FirstKey" and event["ResourceStatus"] == "UPDATE_FAILED"
    ]
    seen = statuses(stack, token)
    observe(status=status, after_seconds=waited, reason=reasons[:1], token=seen)
    assert status == "UPDATE_ROLLBACK_COMPLETE"
    assert any("PublishLeadSeconds must be at least" in reason for reason in reasons)
    assert set(seen.values()) == {200}
