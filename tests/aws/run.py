"""The head of a report: when and where it ran, and on which state of the project."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from keyturn.adapters.aws.system_clock import wall_seconds
from tests.aws.report import Run

ROOT = Path(__file__).parents[2]


def utc_time() -> str:
    """Return the time in UTC, to the second."""
    return datetime.fromtimestamp(wall_seconds(), UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def is_on_aws(environ: Mapping[str, str]) -> bool:
    """Return whether AWS itself answers, and no emulator."""
    return not any(name.startswith("AWS_ENDPOINT_URL") and value for name, value in environ.items())


def describe_run(environ: Mapping[str, str]) -> Run:
    """Return the head of the report."""
    head = {
        "facts begun": utc_time(),
        "region": environ.get("AWS_DEFAULT_REGION", "of the profile"),
        "commit": commit(ROOT),
        "stack": environ.get("KEYTURN_AWS_STACK", ""),
    }
    return Run(head=head, on_aws=is_on_aws(environ))


def commit(root: Path) -> str:
    """Return the commit of the working copy, and whether it was changed since."""
    try:
        revision = _git(root, "rev-parse", "HEAD")
        changed = _git(root, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{revision}, with changes that are not committed" if changed else revision


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=True)
    return done.stdout.strip()
