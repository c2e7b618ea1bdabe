"""The workflow's parallel jobs and the stages of `make check`."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]


def test_the_jobs_run_every_stage_once() -> None:
    """The matrix of the workflow has each stage of `make check`, the two halves of `make test` by themselves."""
    workflow = yaml.safe_load((ROOT / ".github/workflows/check.yml").read_text())
    jobs = workflow["jobs"]["check"]["strategy"]["matrix"]["stages"]
    [stages] = re.findall(r"^STAGES := (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert sorted(" ".join(jobs).split()) == sorted(stages.replace(" test ", " test-fast test-stack ").split())
