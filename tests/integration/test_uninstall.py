"""After the stack is deleted: what is left is listed, and its keys end when that is asked for twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local.ports import ANY_PORTS
from local.stack import EmbeddedStack
from tests.integration.aws import aws

if TYPE_CHECKING:
    from local.stack_file import StackFile
    from tests.pages.run_by import PageBlocks

ROOT = Path(__file__).parents[2]


def uninstall(stack: StackFile, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    """Run `keyturn uninstall` as an operator of the emulator's account."""
    command = [sys.executable, "-c", "from keyturn_cli.app import main; main()", "uninstall", stack.stack_name]
    return subprocess.run(
        [*command, *arguments],
        env=environment(stack),
        input=typed,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def environment(stack: StackFile) -> dict[str, str]:
    """Return the variables of an operator of the emulator's account."""
    own = {
        "PYTHONPATH": os.pathsep.join(str(ROOT / part) for part in ("cli", "layers/keyturn")),
        "AWS_ENDPOINT_URL": str(stack.emulator["endpoint_url"]),
        "AWS_DEFAULT_REGION": str(stack.emulator["region"]),
        "AWS_ACCESS_KEY_ID": str(stack.emulator["access_key_id"]),
        "AWS_SECRET_ACCESS_KEY": str(stack.emulator["secret_access_key"]),
    }
    return os.environ | own


def states(stack: StackFile) -> list[str]:
    """Return the states of the keys that survive."""
    survivors: list[dict[str, Any]] = json.loads(uninstall(stack, "--json").stdout)["survivors"]
    assert [each["kind"] for each in survivors].count("table") == 9
    [pepper] = [each for each in survivors if each["kind"] == "pepper"]
    assert (pepper["state"], "passwords" in pepper["meaning"]) == ("Enabled", True)
    return [each["state"] for each in survivors if each["kind"] == "key"]


def test_keys_outlive_the_stack_until_somebody_ends_them(tmp_path: Path, page_blocks: PageBlocks) -> None:
    """Nothing is done before the stack is deleted and its name is typed; then all keys but the pepper end."""
    with EmbeddedStack(tmp_path / "local", ports=ANY_PORTS) as stack:
        there = uninstall(stack, "--delete-keys", "--confirm", stack.stack_name)
        assert (there.returncode, "delete it first" in there.stderr) == (1, True)
        assert states(stack) == ["Enabled", "Enabled"]
        cloudformation = aws(stack, "cloudformation")
        cloudformation.delete_stack(StackName=stack.stack_name)
        cloudformation.get_waiter("stack_delete_complete").wait(
            StackName=stack.stack_name, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
        )
        assert states(stack) == ["Enabled", "Enabled"]
        refused = uninstall(stack, "--delete-keys", typed="another\n")
        assert (refused.returncode, "nothing was done" in refused.stderr) == (1, True)
        assert states(stack) == ["Enabled", "Enabled"]
        printed = page_blocks.run(ROOT, environment(stack), typed=f"{stack.stack_name}\n")
        assert printed.count("is deleted in 30 days") == 2
        assert states(stack) == ["PendingDeletion", "PendingDeletion"]
        again = uninstall(stack, "--delete-keys")
        assert (again.returncode, again.stdout) == (0, f"{stack.stack_name} has no key left to delete\n")
