"""The workflows: the stages that they run, and rights that new versions of dependencies must not get."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))

# The programs of a job that may write: none of them runs code of the checkout or of a dependency.
PLAIN = {"git", "gh", "grep", "sha256sum", "test"}
# The actions that fetch or keep files, and the one that installs an interpreter.
ACTIONS = {"actions/checkout", "actions/setup-python", "actions/upload-artifact", "actions/download-artifact"}
WRITING_ACTIONS = {"actions/checkout", "actions/download-artifact"}
# The events whose token can write although a stranger's change started them.
DANGEROUS_EVENTS = {"pull_request_target", "workflow_run", "issue_comment", "issues", "discussion_comment"}


def faults(text: str) -> Iterator[str]:
    """Yield what a workflow allows to code that nobody has read."""
    workflow = yaml.safe_load(text)
    # YAML 1.1 reads the key `on` as true.
    events = workflow[True]
    yield from (f"event {event}" for event in DANGEROUS_EVENTS & set([events] if isinstance(events, str) else events))
    if _writes(workflow.get("permissions")):
        yield "the default of the jobs can write"
    if "secrets." in text:
        yield "a secret"
    for pin in re.findall(r"uses: *(.*)", text):
        if (
            re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", pin) is None
            or pin.split("@")[0] not in ACTIONS
        ):
            yield f"the action {pin} has no pin with its version, or is unknown"
    for name, job in workflow["jobs"].items():
        yield from (
            f"{name}: {fault}" for fault in _faults_of_job(job, job.get("permissions", workflow.get("permissions")))
        )


def _writes(permissions: Any) -> bool:
    """Return whether the token can write; without permissions the default of the repository applies."""
    return not isinstance(permissions, dict) or any(right not in ("read", "none") for right in permissions.values())


def _faults_of_job(job: dict[str, Any], permissions: Any) -> Iterator[str]:
    if "timeout-minutes" not in job:
        yield "no time-out"
    writes = _writes(permissions)
    for step in job["steps"]:
        run, action = step.get("run", ""), step.get("uses", "").split("@")[0]
        # A title or a branch name in an expression would be a part of the script.
        yield from (f"{each} in a script" for each in re.findall(r"\$\{\{(?! *matrix\.)[^}]*", run))
        if action == "actions/checkout" and not writes and step.get("with", {}).get("persist-credentials") is not False:
            yield "the checkout leaves a token to the steps after it"
        if writes and action and action not in WRITING_ACTIONS:
            yield f"{action} beside a token that can write"
        yield from (f"{each} beside a token that can write" for each in sorted(_programs(run) - PLAIN) if writes)


def _programs(script: str) -> set[str]:
    """Return the first word of each command of a script; substitutions count as commands."""
    script = script.replace("\\\n", " ")
    commands = re.split(r"\n|&&|\|\||[|;]|\$\(|`", script)
    return {words[0].strip('"()') for words in map(str.split, commands) if words}


def named(name: str) -> str:
    return (ROOT / ".github/workflows" / name).read_text()


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_no_workflow_lends_a_token_to_dependencies(path: Path) -> None:
    """A hijacked dependency finds a read-only token in each job that runs it."""
    assert list(faults(path.read_text())) == []


@pytest.mark.parametrize(
    ("name", "old", "new", "fault"),
    [
        ("update.yml", "run: test ", "run: make check && test ", "push: make beside a token"),
        ("update.yml", "git apply --index", ".ci/run\n          git apply --index", "push: .ci/run beside a token"),
        ("update.yml", "git switch --create", "x=$(python3 -c 1); git switch", "push: python3 beside a token"),
        (
            "update.yml",
            "permissions: { contents: read }",
            "permissions: { contents: write }",
            "lock: make beside a token",
        ),
        ("update.yml", "permissions: {}", "permissions: write-all", "the default of the jobs can write"),
        ("check.yml", "permissions: { contents: read }", "", "check: .ci/run beside a token"),
        ("check.yml", "persist-credentials: false", "persist-credentials: true", "check: the checkout leaves a token"),
        ("check.yml", "          persist-credentials: false\n", "", "check: the checkout leaves a token"),
        ("check.yml", "pull_request:", "pull_request_target:", "event pull_request_target"),
        ("check.yml", "@08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0", "@v5", "the action actions/checkout@v5"),
        ("check.yml", "actions/setup-python@", "stranger/setup-python@", "the action stranger/setup-python"),
        ("check.yml", "matrix.stages }}", "github.head_ref }}", "check: ${{ github.head_ref  in a script"),
        ("check.yml", "timeout-minutes: 25", "name: check", "check: no time-out"),
        ("check.yml", "fail-fast: false", "fail-fast: ${{ secrets.TOKEN }}", "a secret"),
    ],
)
def test_a_workflow_that_lends_its_token_is_found(name: str, old: str, new: str, fault: str) -> None:
    """Each change of a workflow that would let a dependency write is named."""
    text = named(name)
    assert old in text
    assert any(each.startswith(fault) for each in faults(text.replace(old, new))), list(faults(text.replace(old, new)))


def test_the_update_pushes_only_what_the_first_job_locked() -> None:
    """The digest of the patch comes from the job that runs no new version, and the patch changes locks alone."""
    jobs = yaml.safe_load(named("update.yml"))["jobs"]
    assert (jobs["check"]["needs"], jobs["push"]["needs"]) == ("lock", ["lock", "check"])
    assert jobs["push"]["env"]["DIGEST"] == "${{ needs.lock.outputs.digest }}"
    scripts = [step["run"] for step in jobs["push"]["steps"] if "run" in step]
    assert scripts[0] == 'test "$(sha256sum <locks.patch)" = "$DIGEST"'
    assert "git diff --cached --exit-code --stat -- ." in scripts[1]
    assert not any("make" in step.get("run", "") and "check" in step["run"] for step in jobs["lock"]["steps"])


def test_an_upgrade_leaves_out_new_versions_and_builds_none() -> None:
    """An upgrade leaves out versions of the last week, and runs no code of a source distribution."""
    recipe = (ROOT / "Makefile").read_text().partition("\nlock: ")[2].partition("\n\n")[0]
    assert "--upgrade --exclude-newer" in recipe
    assert "--no-build" in recipe
    assert re.search(r"^COOLDOWN_DAYS := ([7-9]|[1-9]\d)$", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_the_jobs_run_every_stage_once() -> None:
    """The matrix of the workflow has each stage of `make check`, the two halves of `make test` by themselves."""
    workflow = yaml.safe_load(named("check.yml"))
    jobs = workflow["jobs"]["check"]["strategy"]["matrix"]["stages"]
    [stages] = re.findall(r"^STAGES := (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert sorted(" ".join(jobs).split()) == sorted(stages.replace(" test ", " test-fast test-stack ").split())
