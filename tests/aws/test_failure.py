"""A deployment that must not succeed."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.aws.patience import eventually
from tests.aws.removal import failing_stack, remove_failing
from tests.aws.stack import TAG, aws, describe, find_resources, parameters_of
from tests.integration.http import get_token, statuses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.stack_file import StackFile
    from tests.aws.report import Observe

CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]


def settle(stack_name: str) -> tuple[str, float]:
    """Return the state that a stack comes to rest in, and after how many seconds."""
    return eventually(
        lambda: str(describe(stack_name)["StackStatus"]),
        lambda status: not status.endswith("_IN_PROGRESS"),
        seconds=1200,
        pause=10,
    )


def reasons_of(stack_name: str, status: str) -> list[str]:
    """Return why the rotator refused the durations, by the events of the custom resource."""
    pages = aws("cloudformation").get_paginator("describe_stack_events").paginate(StackName=stack_name)
    return [
        event.get("ResourceStatusReason", "")
        for page in pages
        for event in page["StackEvents"]
        if event["LogicalResourceId"] == "FirstKey" and event["ResourceStatus"] == status
    ]


@contextlib.contextmanager
def uploaded_template(stack_name: str) -> Iterator[str]:
    """Put a copy of the stack's template beside its artifacts in S3, and return its URL."""
    body = aws("cloudformation").get_template(StackName=stack_name, TemplateStage="Original")["TemplateBody"]
    bucket, key = find_bucket(), f"{stack_name}-verification.template"
    s3 = aws("s3")
    s3.put_object(Bucket=bucket, Key=key, Body=(body if isinstance(body, str) else json.dumps(body)).encode())
    try:
        yield f"{s3.meta.endpoint_url}/{bucket}/{key}"
    finally:
        s3.delete_object(Bucket=bucket, Key=key)


def find_bucket() -> str:
    """Return the bucket that the SAM CLI deployed from."""
    return find_resources("aws-sam-cli-managed-default")["SamCliSourceBucket"]


@pytest.mark.on_aws_alone("the emulator's rollback keeps nothing that AWS keeps")
def test_a_first_deployment_that_fails_can_be_cleared(stack: StackFile, observe: Observe) -> None:
    """A creation whose durations break a rule ends in ROLLBACK_COMPLETE, says the rule, and can be deleted (I1)."""
    cloudformation, name = aws("cloudformation"), failing_stack(stack.stack_name)
    wanted = parameters_of(describe(stack.stack_name)) | {"PublishLeadSeconds": "1", "DeletionProtection": "true"}
    wanted = {key: value for key, value in wanted.items() if value != "****"}
    with uploaded_template(stack.stack_name) as url:
        cloudformation.create_stack(
            StackName=name,
            TemplateURL=url,
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in wanted.items()],
            Capabilities=CAPABILITIES,
            Tags=[{"Key": TAG, "Value": stack.stack_name}],
        )
        try:
            status, waited = settle(name)
            reasons = reasons_of(name, "CREATE_FAILED")
        finally:
            kept = remove_failing(name)
    observe(status=status, after_seconds=waited, reason=reasons[:1], kept=kept)
    assert status == "ROLLBACK_COMPLETE"
    assert any("PublishLeadSeconds must be at least" in reason for reason in reasons)


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
        Capabilities=CAPABILITIES,
    )
    status, waited = settle(stack.stack_name)
    reasons = reasons_of(stack.stack_name, "UPDATE_FAILED")
    seen = statuses(stack, token)
    observe(status=status, after_seconds=waited, reason=reasons[:1], token=seen)
    assert status == "UPDATE_ROLLBACK_COMPLETE"
    assert any("PublishLeadSeconds must be at least" in reason for reason in reasons)
    assert set(seen.values()) == {200}
