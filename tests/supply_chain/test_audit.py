"""`make audit`: without the advisories it says that it did not run."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(("ci", "fails"), [("", False), ("true", True)], ids=["laptop", "CI"])
def test_an_audit_without_advisories_is_not_run(ci: str, fails: bool) -> None:
    """The audit prints NOT RUN and the reason, and fails in CI alone."""
    nobody_listens = "ADVISORIES=http://127.0.0.1:9/"
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    done = subprocess.run(
        ["make", "audit", nobody_listens],
        cwd=ROOT,
        env=environment | {"CI": ci},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "NOT RUN: audit needs the advisories of pypi.org: a network that reaches them\n"
    assert bool(done.returncode) is fails
