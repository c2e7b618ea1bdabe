"""The drill of the runbook, as it stands there."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from local.stack_file import write_stack_file

if TYPE_CHECKING:
    from local.stack_file import StackFile

ROOT = Path(__file__).parents[2]


def drill() -> str:
    """Return the commands of the runbook's drill."""
    section = (ROOT / "docs" / "runbook.md").read_text().partition("## The drill")[2]
    commands = re.search(r"```sh\n(.*?)```", section, re.DOTALL)
    assert commands is not None
    return commands[1]


def test_the_drill_goes_as_the_runbook_says(stack: StackFile, tmp_path: Path) -> None:
    """I8: the stolen token is let in before and refused after, a new one is let in, and all of it is shown."""
    (tmp_path / ".local").mkdir()
    write_stack_file(tmp_path / ".local" / "stack.json", stack)
    (tmp_path / ".venv").symlink_to(ROOT / ".venv")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", drill()],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(str(ROOT / part) for part in ("cli", "layers/keyturn"))},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert re.findall(r"^\d{3}$", done.stdout, re.MULTILINE) == ["200", "401", "200"]
    assert "done: compromise" in done.stdout
    states = re.findall(r"\b(COMPROMISED|ACTIVE|PRE_ACTIVATION)\b", done.stdout.partition("RING")[2])
    assert set(states) == {"COMPROMISED", "ACTIVE", "PRE_ACTIVATION"}
