"""The facts on the embedded stack, which says nothing of AWS: so that their code stays correct without an account."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from local.build import BuildError
from local.deployer import DeployError
from local.emulator import EmulatorError
from local.ports import ANY_PORTS
from local.progress import Progress
from local.stack import EmbeddedStack
from tests.aws.run import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from local.stack_file import StackFile

# The mode that the template has by default, and a short bound, which each fact of that mode waits for.
PARAMETERS = {"RevocationMode": "snapshot", "RevocationBoundSeconds": "2"}
ENVIRON = {"AWS_ENDPOINT_URL": "http://127.0.0.1"}


def environment(stack: StackFile, report: Path) -> dict[str, str]:
    """Return an environment in which the facts find this stack, and the account of nobody."""
    return {
        "PATH": os.environ["PATH"],
        "AWS_ENDPOINT_URL": stack.emulator["endpoint_url"],
        "AWS_ACCESS_KEY_ID": stack.emulator["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": stack.emulator["secret_access_key"],
        "AWS_DEFAULT_REGION": stack.emulator["region"],
        "KEYTURN_AWS_STACK": stack.stack_name,
        "KEYTURN_AWS_EXAMPLES": "",  # the embedded stack names the examples by their folders
        "KEYTURN_AWS_APIS": json.dumps(stack.apis),
        "KEYTURN_AWS_REPORT": str(report),
    }


def assert_facts(stack: StackFile, report: Path, selection: Iterable[str] = ()) -> int:
    """Run the tests of this folder, or a selection, on a stack that is up; return pytest's exit code."""
    command = [sys.executable, "-m", "pytest", "-q", "--tb=short", *selection, "tests/aws"]
    return subprocess.run(command, cwd=ROOT, env=environment(stack, report), check=False).returncode


def verify_embedded(parameters: Mapping[str, str], report: Path) -> int:
    """Start a stack of its own, run the facts on it, and stop it; return pytest's exit code, or 2 without a stack."""
    progress = Progress()
    try:
        with (
            TemporaryDirectory() as folder,
            EmbeddedStack(Path(folder), ports=ANY_PORTS, parameters={**PARAMETERS, **parameters}) as stack,
        ):
            result = assert_facts(stack, report)
    except (BuildError, DeployError, EmulatorError) as error:
        progress.line(str(error))
        return 2
    progress.line(f"\nThe report, which says nothing of AWS: {report.relative_to(ROOT)}")
    return result
