"""The commit that the goals compare with: its checkout beside this one, from the clone's own history."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

COMMIT = "af3b01f"
NOT_RUN = f"NOT RUN: the comparison with {COMMIT} needs a clone with its history: git fetch --unshallow"
_FOLDERS = ("functions", "layers", "benchmarks", "tests/fakes", "events", "local")
_FILES = ("template.yaml", "lambda.mk")


def checkout(folder: Path, root: Path) -> Path | None:
    """Return the commit's files below the folder, or None in a clone without that commit."""
    archive = subprocess.run(
        ["git", "-C", str(root), "archive", "--format=tar", COMMIT, *_FOLDERS, *_FILES],  # noqa: S607
        capture_output=True,
        check=False,
    )
    if archive.returncode:
        return None
    target = folder / COMMIT
    shutil.rmtree(target, ignore_errors=True)
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
        files.extractall(target, filter="data")
    return target


def environment(tree: Path) -> dict[str, str]:
    """Return the environment in which an interpreter imports the code of this checkout."""
    path = os.pathsep.join(str(tree / folder) for folder in (".", "functions", "layers/keyturn", "cli"))
    return {**os.environ, "PYTHONPATH": path}
