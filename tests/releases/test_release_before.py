"""What this release stores, the release before reads, and back: functions are updated one by one, and rolled back.

The release before is the newest tag `v*` below the version of pyproject.toml. Before the second release there is none:
this checkout stands in for it, so that the frame runs at every commit.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PARTS = ("layers/keyturn/keyturn", "tests/releases/items.py")
_TAG = re.compile(r"v(\d+)\.(\d+)\.(\d+)")


class Release:
    """One release's kernel and its program, in a folder."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def write(self) -> dict[str, Any]:
        """Return the items that it writes."""
        return self._run("write", None)

    def read(self, items: dict[str, Any]) -> dict[str, Any]:
        """Return what it understands of items."""
        return self._run("read", json.dumps(items))

    def _run(self, command: str, given: str | None) -> dict[str, Any]:
        done = subprocess.run(
            [sys.executable, str(self._root / PARTS[1]), command],
            input=given,
            env={"PYTHONPATH": str(self._root / "layers" / "keyturn"), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"the release does not {command} these items:\n{done.stderr[-2000:]}"
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer


def find_tag(tags: list[str], version: str) -> str | None:
    """Return the newest release's tag below a version, or None."""
    numbers = {tuple(map(int, match.groups())): match[0] for tag in tags if (match := _TAG.fullmatch(tag))}
    below = [release for release in numbers if release < tuple(map(int, version.split(".")))]
    return numbers[max(below)] if below else None


def differences(first: Any, second: Any, where: str = "") -> list[str]:
    """Return where two understandings differ, looking only at what both name."""
    if isinstance(first, dict) and isinstance(second, dict):
        return [
            line for name in first.keys() & second for line in differences(first[name], second[name], f"{where}.{name}")
        ]
    if isinstance(first, list) and isinstance(second, list) and len(first) == len(second):
        pairs = enumerate(zip(first, second, strict=True))
        return [line for index, pair in pairs for line in differences(*pair, f"{where}[{index}]")]
    return [] if first == second else [f"{where}: {first!r} and {second!r}"]


@pytest.fixture(scope="module")
def this() -> Release:
    """Return this checkout."""
    return Release(ROOT)


@pytest.fixture
def before(tmp_path: Path) -> Release:
    """Return the release before, or a copy of this one."""
    tag = find_tag(
        _git("tag", "--list").split(), tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    )
    for part in PARTS:
        (tmp_path / part).parent.mkdir(parents=True, exist_ok=True)
        if tag is None and (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
        elif tag is None:
            shutil.copy(ROOT / part, tmp_path / part)
    if tag is not None:
        archive = subprocess.run(["git", "archive", tag, *PARTS], cwd=ROOT, capture_output=True, check=True).stdout
        subprocess.run(["tar", "-x"], cwd=tmp_path, input=archive, check=True)
    return Release(tmp_path)


def _git(*arguments: str) -> str:
    # A source archive has no history: then there is no release before either.
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else ""


@pytest.mark.parametrize("writer", ["before", "this"])
def test_both_releases_understand_the_same(writer: str, before: Release, this: Release) -> None:
    """Every item is read by both releases, whichever wrote it, and means the same wherever both know a field."""
    items = {"before": before, "this": this}[writer].write()
    by_before, by_this = before.read(items), this.read(items)
    assert by_before.keys() == by_this.keys()
    assert differences(by_before, by_this) == []


def test_a_change_that_the_release_before_cannot_read_is_seen(tmp_path: Path, before: Release, this: Release) -> None:
    """A field that is renamed in one step would stop every function that is not updated yet."""
    module = tmp_path / "layers/keyturn/keyturn/adapters/key_ring_item.py"
    module.write_text(module.read_text().replace('"longest_lifetime"', '"longest"'))
    with pytest.raises(AssertionError, match="does not read these items"):
        before.read(this.write())


def test_a_change_of_meaning_is_seen(tmp_path: Path, before: Release, this: Release) -> None:
    """The same item, understood otherwise, is named with its field."""
    module = tmp_path / "layers/keyturn/keyturn/adapters/revocation_item.py"
    module.write_text(module.read_text().replace('int(item["expires_at"])', 'int(item["expires_at"]) * 1000'))
    items = this.write()
    seen = differences(before.read(items), this.read(items))
    assert seen
    assert all(line.partition(":")[0].endswith(".expires_at") for line in seen)


@pytest.mark.parametrize(
    ("tags", "tag"),
    [
        ([], None),
        (["v1.0.0", "v0.9.0", "v0.10.0", "v1.1.0", "nightly", "v1.0.0-rc1"], "v0.10.0"),
        (["v1.0.0"], None),
    ],
)
def test_the_release_before_is_the_newest_tag_below_the_version(tags: list[str], tag: str | None) -> None:
    """Versions compare as numbers; candidates and this version itself do not count."""
    assert find_tag(tags, "1.0.0") == tag
