"""Commands of the runbook after a fault that the test makes first, run as they are written there."""

from __future__ import annotations

import fcntl
import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from local.stack_file import write_stack_file
from tests.integration.aws import aws
from tests.integration.http import get_token, post, statuses

if TYPE_CHECKING:
    from local.stack_file import StackFile

ROOT = Path(__file__).parents[2]


def commands(heading: str) -> str:
    """Return the first commands under a heading of the runbook."""
    section = (ROOT / "docs" / "runbook.md").read_text().partition(f"## {heading}\n")[2]
    found = re.search(r"```sh\n(.*?)```", section, re.DOTALL)
    assert found is not None
    return found[1]


def type_in(text: str, folder: Path, stack: StackFile) -> str:
    """Return what the commands print that succeed, in a folder where the stack is up, and with its account."""
    (folder / ".local").mkdir(mode=0o700)
    write_stack_file(folder / ".local" / "stack.json", stack)
    (folder / ".venv").symlink_to(ROOT / ".venv")
    account = {
        "AWS_ENDPOINT_URL": stack.emulator["endpoint_url"],
        "AWS_DEFAULT_REGION": stack.emulator["region"],
        "AWS_ACCESS_KEY_ID": stack.emulator["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": stack.emulator["secret_access_key"],
        "PYTHONPATH": os.pathsep.join(str(ROOT / part) for part in ("cli", "functions", "layers/keyturn")),
    }
    with (folder / ".local" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the command trusts the description of a stack that runs
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", text],
            cwd=folder,
            env=os.environ | account,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_after_a_restored_table_nothing_that_was_issued_before_is_let_in(stack: StackFile, tmp_path: Path) -> None:
    """R49: revocations that a restore lost let their tokens live again, until the runbook's commands end them all."""
    raw = get_token(stack)
    assert post(stack, "revoke", token=raw).status_code == 200
    assert set(statuses(stack, raw).values()) == {401, 403}
    dynamodb, table = aws(stack, "dynamodb"), stack.outputs["RevocationTableName"]
    keys = [{name: item[name] for name in ("pk", "sk")} for item in dynamodb.scan(TableName=table)["Items"]]
    for key in keys:
        dynamodb.delete_item(TableName=table, Key=key)
    assert set(statuses(stack, raw).values()) == {200}
    printed = type_in(commands("A restored revocation table"), tmp_path, stack)
    assert "dry run: nothing was written" in printed
    assert "revoked global: every token of every client" in printed
    assert set(statuses(stack, raw).values()) == {401, 403}
    assert set(statuses(stack, get_token(stack)).values()) == {200}
