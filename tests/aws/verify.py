"""`make verify-aws STACK=…`: build, deploy, assert every fact, write the report, remove what was deployed.

It deploys into a stack of its own, that carries the tag `keyturn:verification`, and touches no other.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from keyturn.domain.errors import KeyturnError
from local.emulator import REGION
from local.examples import FOLDER, example_rules
from local.progress import Progress
from tests.aws.embedded import ENVIRON, verify_embedded
from tests.aws.removal import delete_stack, end_stack, failing_stack, remove_failing, remove_remains
from tests.aws.report import redact
from tests.aws.run import ROOT, is_on_aws, utc_time
from tests.aws.stack import EXAMPLES, TAG, aws, find_stack, name_of_example, outputs_of

SAM = ROOT / ".venv-tools" / "bin" / "sam"
# Names of roles and of the schedule's group begin with it, and end at 64 characters.
_STACK_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,39}")
_PARAMETER = re.compile(r'[A-Za-z]+=[^"]*')
_UP = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"})
# States that a failed first deployment leaves: CloudFormation allows their deletion, and no update.
_NEVER_CAME_UP = frozenset({"CREATE_FAILED", "REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED"})

# Durations are so short that keys rotate while the demo waits. The rules between them are those of production. So is
# the leeway, since tokens are used the moment that they are issued.
PARAMETERS = {
    "AccessRules": example_rules(),
    "DeletionProtection": "false",
    "LogRetentionDays": "1",
    "AccessTokenLifetimeSeconds": "300",
    "MaxTokenLifetimeSeconds": "300",
    "ClockSkewSeconds": "10",
    "RingViewSeconds": "4",
    "VerifierCacheSeconds": "1",
    "JwksMaxAgeSeconds": "5",
    "PublishLeadSeconds": "25",
    "RetentionSeconds": "319",
    "MaxPublishedKeys": "8",
    "DeletionWindowDays": "7",
    "RotationSchedule": "rate(1 minute)",
}


class Refused(Exception):
    """The verification does not begin; the message says what to do."""


def is_of_verification(stack: Mapping[str, Any] | None) -> bool:
    """Return whether the stack is there and carries the tag of a verification."""
    return stack is not None and TAG in {tag["Key"] for tag in stack.get("Tags", [])}


def check_target(stack_name: str) -> str:
    """Return the account that the stack goes to; raises Refused without credentials, or for a stack of somebody's."""
    if _STACK_NAME.fullmatch(stack_name) is None:
        raise Refused(f"{stack_name!r} is no name for a stack: STACK is a letter, then up to 39 letters, digits and -")
    try:
        account: str = aws("sts").get_caller_identity()["Account"]
        stack, *examples = map(find_stack, (stack_name, *(name_of_example(stack_name, each) for each in EXAMPLES)))
    except (BotoCoreError, ClientError) as error:
        raise Refused(f"AWS does not answer: {error}\nSet AWS_PROFILE or keys, and AWS_DEFAULT_REGION.") from None
    if any(each is not None and not is_of_verification(each) for each in (stack, *examples)):
        raise Refused(
            f"the stack {stack_name}, or that of an example, is there, and no verification deployed it: "
            "choose another name"
        )
    if stack is None:
        return account
    status = stack["StackStatus"]
    if status in _NEVER_CAME_UP:
        delete_stack(stack_name)
    elif status not in _UP:
        raise Refused(f"the stack {stack_name} is {status}: wait, or delete it")
    return account


def deploy(stack_name: str, parameters: Mapping[str, str]) -> None:
    """Build and deploy with the SAM CLI, as a user does; raises CalledProcessError."""
    processor = f"Architecture={parameters['Architecture']}"
    build = ["build", "--no-cached", "--parameter-overrides", processor]
    subprocess.run([SAM, *build], cwd=ROOT, check=True)
    subprocess.run([SAM, *deployment(stack_name, stack_name, parameters)], cwd=ROOT, check=True)
    authorizer = {"KeyturnAuthorizerArn": outputs_of(stack_name)["AuthorizerArn"]}
    for example in EXAMPLES:
        command = deployment(stack_name, name_of_example(stack_name, example), authorizer)
        subprocess.run([SAM, *command], cwd=FOLDER / example, check=True)


def deployment(verified: str, stack_name: str, parameters: Mapping[str, str]) -> list[str]:
    """Return the command that deploys the template of the current folder, with the tag of the verified stack."""
    quoted = {name: value.replace('"', '\\"') for name, value in parameters.items()}
    overrides = " ".join(f'{name}="{value}"' for name, value in quoted.items())
    target = ["deploy", "--stack-name", stack_name, "--resolve-s3", "--capabilities", "CAPABILITY_IAM"]
    no_questions = ["--no-confirm-changeset", "--no-fail-on-empty-changeset"]
    return [*target, *no_questions, "--tags", f"{TAG}={verified}", "--parameter-overrides", overrides]


def assert_facts(stack_name: str, report: Path, *, keep: bool) -> int:
    """Run the tests of this folder on the stack; return pytest's exit code."""
    named = {"KEYTURN_AWS_STACK": stack_name, "KEYTURN_AWS_REPORT": str(report)}
    if keep:
        named["KEYTURN_AWS_KEEP"] = "1"
    # Short tracebacks: the long ones show arguments, and some of these are tokens.
    command = [sys.executable, "-m", "pytest", "--tb=short", str(Path(__file__).parent)]
    running = subprocess.Popen(command, cwd=ROOT, env=os.environ | named)
    while True:
        try:
            return running.wait()
        except KeyboardInterrupt:  # pytest hears it too, takes back what it changed, and ends
            continue


def remove(stack_name: str, progress: Progress) -> list[str]:
    """Delete the stack, if it is still there, and what it leaves; return failures with their reasons."""
    try:
        if is_of_verification(find_stack(failing_stack(stack_name))):
            remove_failing(failing_stack(stack_name))
        for example in EXAMPLES:
            if is_of_verification(find_stack(name := name_of_example(stack_name, example))):
                delete_stack(name)
        if find_stack(stack_name) is not None:
            with progress.step("stack") as step:
                end_stack(stack_name)
                step.result = "deleted"
        return remove_remains(stack_name)
    except (BotoCoreError, ClientError, KeyturnError) as error:
        return [f"{stack_name}: {error}"]


def say_what_is_left(stack_name: str, left: list[str], *, keep: bool) -> str:
    """Return the report's last section."""
    again = f"`make verify-aws STACK={stack_name}`"
    if keep:
        return f"The stack: KEEP=1. {again} removes it at its end, and what it leaves."
    if left:
        return "\n".join(["Not removed:", "", *(f"- {each}" for each in left), "", f"{again} goes on with it."])
    return "Nothing, but keys that wait for their deletion, and the bucket and stack of the SAM CLI."


def find_path(environ: Mapping[str, str], region: str) -> Path:
    """Return where the report goes; a run on an emulator is no verification and goes elsewhere."""
    folder = ROOT / ("docs" if is_on_aws(environ) else "build") / "verification"
    name = f"{utc_time()[:10]}-{region}"
    names = (f"{name}.md" if number == 1 else f"{name}-{number}.md" for number in count(1))
    return next(folder / each for each in names if not (folder / each).exists())


def verify(stack_name: str, parameters: Mapping[str, str], *, keep: bool) -> int:
    """Run the verification; return exit code 0 if every seen fact holds and the removal was complete."""
    progress = Progress()
    try:
        account = check_target(stack_name)
        region = boto3.Session().region_name or ""
        os.environ["AWS_DEFAULT_REGION"] = region  # for sam and pytest, that they mean the same one
        progress.line(f"Verifying on AWS: stack {stack_name}, account {account}, region {region}.")
        progress.line("It takes less than an hour, and costs some cents: docs/verification/README.md says for what.")
        if find_stack(stack_name) is None and remove(stack_name, progress):
            raise Refused("an earlier run has left something that cannot be removed: see docs/verification/README.md")
        deploy(stack_name, parameters)
    except (Refused, subprocess.CalledProcessError, BotoCoreError, ClientError) as error:
        progress.line(str(error))
        return 2
    report = find_path(os.environ, region)
    result = assert_facts(stack_name, report, keep=keep)
    left = [] if keep else remove(stack_name, progress)
    what_is_left = say_what_is_left(stack_name, left, keep=keep)
    progress.line(f"\nThe report: {report.relative_to(ROOT)}\nWhat is left: {what_is_left}")
    if report.exists():
        report.write_text(f"{report.read_text()}\n## What is left\n\n{redact(what_is_left, {account})}\n")
    return result or (1 if left else 0)


def read_parameters(given: list[str], defaults: Mapping[str, str]) -> dict[str, str]:
    """Return the defaults with the parameters of the command line over them; raises Refused."""
    wrong = [each for each in given if _PARAMETER.fullmatch(each) is None]
    if wrong:
        raise Refused(f"{wrong[0]!r} is no Name=value of a parameter")
    pairs = (each.partition("=") for each in given)
    return {**defaults, **{name: value for name, _, value in pairs}}


def main() -> int:
    """Parse the command line and do it."""
    parser = argparse.ArgumentParser(prog="make verify-aws", description=__doc__)
    parser.add_argument("stack", nargs="?", help="the name of the stack to deploy, and to remove at the end")
    parser.add_argument("--embedded", action="store_true", help="no account: run on an embedded stack instead")
    parser.add_argument("--keep", action="store_true", help="leave the stack, to look at it")
    parser.add_argument("--architecture", default="arm64", choices=["arm64", "x86_64"])
    parser.add_argument(
        "--parameter", action="append", default=[], metavar="Name=value", help="a parameter of the template"
    )
    arguments = parser.parse_args()
    if arguments.embedded is (arguments.stack is not None):
        parser.error("name a stack to verify on AWS, or take the embedded one: STACK=name or EMBEDDED=1")
    defaults = {} if arguments.embedded else {**PARAMETERS, "Architecture": arguments.architecture}
    try:
        parameters = read_parameters(arguments.parameter, defaults)
    except Refused as error:
        parser.error(str(error))
    try:
        if arguments.embedded:
            return verify_embedded(parameters, find_path(ENVIRON, REGION))
        return verify(arguments.stack, parameters, keep=arguments.keep)
    except KeyboardInterrupt:
        sys.exit("broken off: the same command again goes on, and removes the stack at its end")


if __name__ == "__main__":
    sys.exit(main())
