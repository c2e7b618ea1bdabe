"""Scripts for Node: a question as JSON on the standard input, the answer as JSON on the standard output."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def run_script(node: str, script: Path, question: Mapping[str, Any], *, timeout: int) -> Any:
    """Return what the script answers; raises AssertionError with what it printed if it fails."""
    done = subprocess.run(
        [node, script.name],
        cwd=script.parent,
        input=json.dumps(question),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
