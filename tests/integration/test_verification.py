"""The facts that `make verify-aws` asserts on AWS, as far as an emulator can show them: so that they do not rot."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from local.ports import ANY_PORTS
from local.stack import ROOT, EmbeddedStack

if TYPE_CHECKING:
    from pathlib import Path


def test_every_fact_that_an_emulator_can_show_holds(tmp_path: Path) -> None:
    """The facts run on a stack of their own; the report says what was seen, what was left out, and: not on AWS."""
    report = tmp_path / "report.md"
    with EmbeddedStack(tmp_path / "local", ports=ANY_PORTS) as stack:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-m", "not on_aws_alone", "tests/aws"],
            cwd=ROOT,
            env={
                "PATH": os.environ["PATH"],
                "AWS_ENDPOINT_URL": stack.emulator["endpoint_url"],
                "AWS_ACCESS_KEY_ID": stack.emulator["access_key_id"],
                "AWS_SECRET_ACCESS_KEY": stack.emulator["secret_access_key"],
                "AWS_DEFAULT_REGION": stack.emulator["region"],
                "KEYTURN_AWS_STACK": stack.stack_name,
                "KEYTURN_AWS_APIS": json.dumps(stack.apis),
                "KEYTURN_AWS_REPORT": str(report),
            },
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stdout
    text = report.read_text()
    assert "an emulator answered, so this says nothing of AWS" in text
    assert "| held | statuses: http 401, rest_token 401, rest_request 401 |" in text
    assert "not run: on AWS alone (the emulator evaluates no alarm)" in text
    assert "did not hold**" not in text
