"""Two builds of one commit have the same files, and a difference between builds is found."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.supply_chain.digests import artifact_digest
from tests.supply_chain.rebuild import ROOT, copy_sources, differences, run_elsewhere


def make_build(folder: Path, **files: str) -> Path:
    """Write a build of one artifact."""
    (folder / "Function").mkdir(parents=True)
    for name, text in files.items():
        path = folder / "Function" / f"{name}.py"
        path.write_text(text)
        path.chmod(0o644)
    return folder


def test_the_age_of_a_file_is_no_difference(tmp_path: Path) -> None:
    """Two builds at two times are the same."""
    first, second = make_build(tmp_path / "1", a="x"), make_build(tmp_path / "2", a="x")
    os.utime(second / "Function" / "a.py", (1, 1))
    assert list(differences(first, second)) == []
    assert artifact_digest(first / "Function") == artifact_digest(second / "Function")


@pytest.mark.parametrize("files", [{"a": "y"}, {"b": "x"}, {"a": "x", "b": ""}, {}])
def test_another_file_is_a_difference(tmp_path: Path, files: dict[str, str]) -> None:
    """Other bytes, another name, one file more and one less each change the digest."""
    first, second = make_build(tmp_path / "1", a="x"), make_build(tmp_path / "2", **files)
    assert list(differences(first, second))
    assert artifact_digest(first / "Function") != artifact_digest(second / "Function")


def test_another_permission_is_a_difference(tmp_path: Path) -> None:
    """A file that only its owner can read is another artifact."""
    first, second = make_build(tmp_path / "1", a="x"), make_build(tmp_path / "2", a="x")
    (second / "Function" / "a.py").chmod(0o600)
    assert list(differences(first, second)) == ["Function/a.py"]


def test_a_missing_artifact_is_a_difference(tmp_path: Path) -> None:
    """A build that lacks an artifact never compares as the same."""
    first, second = make_build(tmp_path / "1", a="x"), tmp_path / "2"
    second.mkdir()
    assert list(differences(first, second)) == ["the builds have different artifacts"]


def test_a_function_is_built_the_same_elsewhere(tmp_path: Path) -> None:
    """Another folder, age, umask, time zone and hash seed give the same files, which every user can read."""
    copy_sources(ROOT, tmp_path)
    variables = [f"ARTIFACTS_DIR={tmp_path}/out/Function", f"LAMBDA_PYTHON={sys.executable}", "ARCHITECTURE=native"]
    command = ["make", "-C", "functions", "build-AuthorizerFunction", *variables]
    assert run_elsewhere(command, tmp_path).returncode == 0
    (tmp_path / "out").rename(tmp_path / "second")
    command[2] = str(ROOT / "functions")
    assert run_elsewhere(command, ROOT).returncode == 0
    assert list(differences(tmp_path / "out", tmp_path / "second")) == []
    files = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert files
    assert {path.stat().st_mode & 0o777 for path in files} == {0o644}
