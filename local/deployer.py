"""Deploys a SAM template into the emulator: transform, upload, create or update the stack, wait, repair."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from local.emulator import REGION
from local.emulator_limitations import EmulatedAws, adapt_template, repair_limitations
from local.transform import transform_template

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from local.build import Artifact

BUCKET = "keyturn-artifacts"
WAIT_SECONDS = 240
_UP = {"CREATE_COMPLETE", "UPDATE_COMPLETE"}
# The states after a failed first deployment: CloudFormation can only delete such a stack.
_NEVER_CAME_UP = {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"}


class DeployError(Exception):
    """The stack did not come up; the message holds CloudFormation's reasons."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """A stack that is up; `action` is created, updated or unchanged, `native` the template that was deployed."""

    action: str
    outputs: dict[str, str]
    physical_ids: dict[str, str]
    native: dict[str, Any]


class Deployer:
    """Deploys one stack; `record` holds a fingerprint of the last deployment, so that a repeated one is skipped."""

    def __init__(self, emulator: EmulatedAws, stack_name: str, record: Path) -> None:
        self._emulator = emulator
        self._cloudformation = emulator.client("cloudformation")
        self._stack_name = stack_name
        self._record = record

    def deploy(
        self, template: Mapping[str, Any], parameters: Mapping[str, str], artifacts: Mapping[str, Artifact]
    ) -> Deployment:
        """Deploy the template with the parameters; raises DeployError."""
        keys = {logical_id: f"{logical_id}-{artifact.sha256}.zip" for logical_id, artifact in artifacts.items()}
        uris = {logical_id: f"s3://{BUCKET}/{key}" for logical_id, key in keys.items()}
        native = transform_template(template, parameters, uris, REGION)
        adapt_template(native)
        fingerprint = hashlib.sha256(json.dumps([native, dict(parameters)], sort_keys=True).encode()).hexdigest()
        status = self._status()
        if status in _UP and self._record.exists() and self._record.read_text() == fingerprint:
            return self._describe("unchanged", native)
        self._record.unlink(missing_ok=True)
        if status in _NEVER_CAME_UP:
            self.delete()
            status = None
        url = self._upload(native, {keys[logical_id]: artifact for logical_id, artifact in artifacts.items()})
        action = self._apply(url, parameters, creating=status is None)
        deployment = self._describe(action, native)
        repair_limitations(self._emulator, native, deployment.physical_ids)
        self._record.write_text(fingerprint)
        return deployment

    def deployed_parameters(self) -> dict[str, str]:
        """Return the parameters that the stack has now; empty without a stack."""
        if self._status() is None:
            return {}
        [stack] = self._cloudformation.describe_stacks(StackName=self._stack_name)["Stacks"]
        return {each["ParameterKey"]: each["ParameterValue"] for each in stack.get("Parameters", [])}

    def delete(self) -> bool:
        """Delete the stack and wait for its end; return whether there was one. Raises DeployError."""
        if self._status() is None:
            return False
        self._record.unlink(missing_ok=True)
        started = datetime.now(UTC).replace(microsecond=0)
        self._cloudformation.delete_stack(StackName=self._stack_name)
        if (status := self._wait()) != "DELETE_COMPLETE":
            raise DeployError(self._explain(status, started))
        return True

    def _status(self) -> str | None:
        try:
            stack = self._cloudformation.describe_stacks(StackName=self._stack_name)["Stacks"][0]
        except ClientError:  # CloudFormation answers ValidationError for a missing stack
            return None
        status: str = stack["StackStatus"]
        return None if status == "DELETE_COMPLETE" else status

    def _upload(self, native: Mapping[str, Any], archives: Mapping[str, Artifact]) -> str:
        s3 = self._emulator.client("s3")
        s3.create_bucket(Bucket=BUCKET)  # in us-east-1 the owner may create it again
        for key, artifact in archives.items():
            s3.put_object(Bucket=BUCKET, Key=key, Body=artifact.path.read_bytes())
        name = f"{self._stack_name}.json"
        s3.put_object(Bucket=BUCKET, Key=name, Body=json.dumps(native).encode())
        return f"{self._emulator.endpoint_url}/{BUCKET}/{name}"

    def _apply(self, template_url: str, parameters: Mapping[str, str], *, creating: bool) -> str:
        started = datetime.now(UTC).replace(microsecond=0)  # the time of an event is in whole seconds
        call = self._cloudformation.create_stack if creating else self._cloudformation.update_stack
        try:
            call(
                StackName=self._stack_name,
                TemplateURL=template_url,
                Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
                Capabilities=["CAPABILITY_IAM"],
            )
        except ClientError as error:
            if "No updates are to be performed" in str(error):
                return "unchanged"
            raise DeployError(f"the stack was refused: {error}: correct the template or its parameters") from error
        status = self._wait()
        if status not in _UP:
            raise DeployError(self._explain(status, started))
        return "created" if creating else "updated"

    def _wait(self) -> str:
        deadline = time.monotonic() + WAIT_SECONDS
        status = self._status()
        while status is not None and status.endswith("_IN_PROGRESS") and time.monotonic() < deadline:
            time.sleep(0.1)
            status = self._status()
        return status or "DELETE_COMPLETE"

    def _explain(self, status: str, started: datetime) -> str:
        pages = self._cloudformation.get_paginator("describe_stack_events").paginate(StackName=self._stack_name)
        events = [event for page in pages for event in page["StackEvents"]]
        failed = [
            f"  {event['LogicalResourceId']} {event['ResourceStatus']}: {event.get('ResourceStatusReason', '')}"
            for event in reversed(events)
            if event["ResourceStatus"].endswith("_FAILED") and event["Timestamp"] >= started
        ]
        return "\n".join([f"the stack {self._stack_name} ended as {status}; its log is {self._emulator.log}", *failed])

    def _describe(self, action: str, native: dict[str, Any]) -> Deployment:
        stack = self._cloudformation.describe_stacks(StackName=self._stack_name)["Stacks"][0]
        pages = self._cloudformation.get_paginator("list_stack_resources").paginate(StackName=self._stack_name)
        return Deployment(
            action=action,
            native=native,
            outputs={output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])},
            physical_ids={
                resource["LogicalResourceId"]: resource["PhysicalResourceId"]
                for page in pages
                for resource in page["StackResourceSummaries"]
            },
        )
