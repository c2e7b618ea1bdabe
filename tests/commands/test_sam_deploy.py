"""The examples, deployed by the SAM CLI beside the embedded stack as the pages say for AWS."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from local.tool_environment import tool_environment
from tests.integration.aws import aws
from tests.pages.fences import ROOT
from tests.pages.reader import start_reading

if TYPE_CHECKING:
    from tests.pages.run_by import PageBlocks


def test_the_sam_cli_deploys_each_example(tmp_path: Path, page_blocks: PageBlocks) -> None:
    """Each command creates the example's stack with its output; the emulator gives the API no routes of a body."""
    with start_reading(tmp_path) as reader:
        environment = reader.checkout.environment | tool_environment(reader.stack)
        environment |= {"PATH": f"{ROOT / '.venv-tools' / 'bin'}:{environment['PATH']}", "SAM_CLI_TELEMETRY": "0"}
        authorizer = ("arn:aws:lambda:…", reader.stack.outputs["AuthorizerArn"])
        cloudformation = aws(reader.stack, "cloudformation")
        created = set()
        for _ in range(3):
            page_blocks.run(reader.checkout.root, environment, replaced=authorizer)
            [stack] = cloudformation.describe_stacks(StackName="my-api")["Stacks"]
            assert stack["StackStatus"] == "CREATE_COMPLETE"
            created |= {each["OutputKey"] for each in stack["Outputs"]}
            cloudformation.delete_stack(StackName="my-api")
            waiter = cloudformation.get_waiter("stack_delete_complete")
            waiter.wait(StackName="my-api", WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    assert created == {"ReportsUrl", "TokenReportsUrl", "SocketUrl"}
