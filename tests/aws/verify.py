"""`make verify-aws STACK=…`: build, deploy, assert every fact, write the report, remove what was deployed.

It deploys into a stack of its own, that carries the tag `keyturn:verification`, and touches no other.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from keyturn.adapters.attribute_values import decode_item
from local.progress import Progress
from tests.aws.run import ROOT, is_on_aws, utc_time
from tests.aws.stack import aws, describe, find_resources

TAG = "keyturn:verification"
SAM = ROOT / ".venv-tools" / "bin" / "sam"
TABLES = ("KeyRingTable", "RevocationTable", "ClientTable")

# Durations so short that keys turn while the story waits; the rules between them are those of production.
PARAMETERS = {
    "DeployExamples": "true",
    "DeletionProtection": "false",
    "LogRetentionDays": "1",
    "AccessTokenLifetimeSeconds": "300",
    "MaxTokenLifetimeSeconds": "300",
    "ClockSkewSeconds": "2",
    "RingViewSeconds": "2",
    "VerifierCacheSeconds": "1",
    "JwksMaxAgeSeconds": "1",
    "PublishLeadSeconds": "6",
    "RetentionSeconds": "304",
    "MaxPublishedKeys": "8",
    "DeletionWindowDays": "7",
    "RotationSchedule": "rate(1 minute)",
}


class Refused(Exception):
    """The verification does not begin; the message says what to do."""


def check_target(stack_name: str) -> str:
    """Return the account that the stack goes to; raises Refused without credentials, or for a stack of somebody's."""
    try:
        account: str = aws("sts").get_caller_identity()["Account"]
    except (BotoCoreError, ClientError) as error:
        raise Refused(f"no AWS account answers ({error}): set AWS_PROFILE and AWS_DEFAULT_REGION") from None
    try:
        stack = describe(stack_name)
    except ClientError:  # CloudFormation says ValidationError for a stack that is not there
        return account
    if TAG not in {tag["Key"] for tag in stack.get("Tags", [])}:
        raise Refused(f"the stack {stack_name} is there, and no verification deployed it: choose another name")
    if stack["StackStatus"] == "ROLLBACK_COMPLETE":
        _delete_stack(stack_name)  # a first deployment that failed: CloudFormation takes no update of it
    return account


def deploy(stack_name: str, architecture: str) -> None:
    """Build and deploy with the SAM CLI, as a user does; raises CalledProcessError."""
    processor = f"Architecture={architecture}"
    overrides = " ".join([processor, *(f'{name}="{value}"' for name, value in PARAMETERS.items())])
    build = ["build", "--no-cached", "--parameter-overrides", processor]
    target = ["deploy", "--stack-name", stack_name, "--resolve-s3", "--capabilities", "CAPABILITY_IAM"]
    no_questions = ["--no-confirm-changeset", "--no-fail-on-empty-changeset"]
    for command in (
        build,
        [*target, *no_questions, "--tags", f"{TAG}={stack_name}", "--parameter-overrides", overrides],
    ):
        subprocess.run([SAM, *command], cwd=ROOT, check=True)


def assert_facts(stack_name: str, report: Path) -> int:
    """Run the tests of this folder on the stack; return pytest's exit code."""
    named = {"KEYTURN_AWS_STACK": stack_name, "KEYTURN_AWS_REPORT": str(report)}
    command = [sys.executable, "-m", "pytest", str(Path(__file__).parent)]
    return subprocess.run(command, cwd=ROOT, env=os.environ | named, check=False).returncode


def remove(stack_name: str, progress: Progress) -> None:
    """Delete the stack, then what its retention rules leave: the tables, and the keys that the rotator made."""
    resources = find_resources(stack_name)
    keys = _keys(resources["KeyRingTable"])
    with progress.step("stack") as step:
        _delete_stack(stack_name)
        step.result = "deleted"
    with progress.step("tables") as step:
        for name in TABLES:
            aws("dynamodb").delete_table(TableName=resources[name])
        step.result = "deleted; the template keeps them when a stack goes"
    with progress.step("keys") as step:
        gone = [_schedule_deletion(key) for key in keys]
        step.result = f"the deletion of {gone.count(True)} is scheduled, that of {gone.count(False)} was already"


def _delete_stack(stack_name: str) -> None:
    cloudformation = aws("cloudformation")
    cloudformation.delete_stack(StackName=stack_name)
    cloudformation.get_waiter("stack_delete_complete").wait(StackName=stack_name)


def _keys(table: str) -> list[str]:
    items: list[Any] = aws("dynamodb").scan(TableName=table)["Items"]
    return [key["arn"] for item in items for key in decode_item(item).get("keys", ())]


def _schedule_deletion(key: str) -> bool:
    kms = aws("kms")
    if kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "PendingDeletion":
        return False
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    return True


def verify(stack_name: str, architecture: str, *, keep: bool) -> int:
    """Do all of it; return the exit code: 0 only if every fact held."""
    progress = Progress()
    try:
        account = check_target(stack_name)
        region = aws("sts").meta.region_name
        progress.line(
            f"Verifying on AWS: stack {stack_name}, account {account}, region {region}. It takes about half an hour"
        )
        progress.line("and costs less than 2 USD: some 10 KMS keys for a day, thousands of small requests.")
        deploy(stack_name, architecture)
    except (Refused, subprocess.CalledProcessError) as error:
        progress.line(str(error))
        return 2
    where = "aws" if is_on_aws(os.environ) else "emulator"
    report = ROOT / "docs" / "verification" / f"{utc_time()[:10]}-{where}-{region}.md"
    result = assert_facts(stack_name, report)
    progress.line(f"\nThe report: {report.relative_to(ROOT)}")
    if keep:
        progress.line(f"The stack stays: `make verify-aws STACK={stack_name}` again removes it at its end.")
    else:
        remove(stack_name, progress)
    return result


def main() -> int:
    """Parse the command line and do it."""
    parser = argparse.ArgumentParser(prog="make verify-aws", description=__doc__)
    parser.add_argument("stack", help="the name of the stack to deploy, and to remove at the end")
    parser.add_argument("--keep", action="store_true", help="leave the stack, to look at it")
    parser.add_argument("--architecture", default="arm64", choices=["arm64", "x86_64"])
    arguments = parser.parse_args()
    return verify(arguments.stack, arguments.architecture, keep=arguments.keep)


if __name__ == "__main__":
    sys.exit(main())
