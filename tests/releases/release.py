"""The release before this checkout, found by its tag; its program runs on its own kernel."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
KERNEL = "layers/keyturn/keyturn"
PROGRAM = "tests/releases/items.py"
STAND_IN = "a copy of this checkout"
_TAG = re.compile(r"v(\d+)\.(\d+)\.(\d+)")
_RELEASED = re.compile(r"^## \[?v?\d+\.\d+\.\d+", re.MULTILINE)
# A git hook sets these variables, which would direct every call here to the repository of the commit.
_OF_A_HOOK = frozenset({"GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"})


class HistoryMissing(Exception):
    """Git cannot list the releases; the message has the reason."""


class Release:
    """One release: its name for messages, and the folder with its kernel and its program."""

    def __init__(self, name: str, root: Path) -> None:
        """Take what messages call it, and the folder."""
        self.name = name
        self._root = root
        self._read: dict[str, dict[str, Any]] = {}

    def write(self) -> dict[str, Any]:
        """Return the items that the release writes, by name."""
        return self._run("write", "")

    def read(self, items: dict[str, Any]) -> dict[str, Any]:
        """Return the meaning of each item to the release."""
        given = json.dumps(items)
        if given not in self._read:
            self._read[given] = self._run("read", given)
        return self._read[given]

    def _run(self, command: str, given: str) -> dict[str, Any]:
        done = subprocess.run(
            [sys.executable, str(self._root / PROGRAM), command],
            input=given,
            # The path has nothing else of a checkout: a release must run on its own kernel.
            env={"PYTHONPATH": str(self._root / KERNEL / ".."), "PYTHONDONTWRITEBYTECODE": "1"},
            cwd=self._root,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, f"items.py {command} of {self.name} fails:\n{done.stderr[-2000:]}"
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer


def find_tag(root: Path) -> str | None:
    """Return the newest release that is an ancestor of this commit, or None.

    None before the second release, and in a source archive. Raises HistoryMissing.
    """
    changelog = root / "CHANGELOG.md"
    if changelog.exists() and _RELEASED.search(changelog.read_text()) is None:
        return None  # before the first release even a shallow clone is complete
    # An archive may lie inside another repository, whose tags are unrelated.
    if not (root / ".git").exists():
        return None
    if git(root, "rev-parse", "--is-shallow-repository").split() == [b"true"]:
        raise HistoryMissing("this clone is shallow: git fetch --unshallow --tags")
    tags = git(root, "tag", "--merged", "HEAD", "--no-contains", "HEAD").decode().split()
    found = [match for tag in tags if (match := _TAG.fullmatch(tag))]
    return max(found, key=lambda match: [int(number) for number in match.groups()])[0] if found else None


def take_out(tag: str | None, folder: Path) -> Release:
    """Return the release of a tag, or a copy of this checkout, in an empty folder."""
    if tag is not None:
        archive = git(ROOT, "archive", tag, KERNEL, PROGRAM)
        subprocess.run(["tar", "-x"], cwd=folder, input=archive, check=True)
        return Release(tag, folder)
    # The copy keeps the byte code: each process would otherwise compile the kernel. A changed file has a new time.
    shutil.copytree(ROOT / KERNEL, folder / KERNEL)
    (folder / PROGRAM).parent.mkdir(parents=True)
    shutil.copy(ROOT / PROGRAM, folder / PROGRAM)
    return Release(STAND_IN, folder)


def git(root: Path, *arguments: str) -> bytes:
    """Return git's output; raises HistoryMissing."""
    environment = {name: value for name, value in os.environ.items() if name not in _OF_A_HOOK}
    try:
        done = subprocess.run(["git", *arguments], cwd=root, env=environment, capture_output=True, check=False)
    except FileNotFoundError:
        raise HistoryMissing("git is not installed") from None
    if done.returncode != 0:
        raise HistoryMissing(f"git {arguments[0]}: {done.stderr.decode().strip()}")
    return done.stdout
