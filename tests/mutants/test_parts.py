"""Files that `make mutants` changes exist, and are those that the coverage check holds and the authorizer imports."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mutants.run import PARTS, ROOT, copy_project, main

SOURCES = {"keyturn": "layers/keyturn/keyturn", "authorizer": "functions/authorizer"}


# Tests of these files wait for time-outs and sockets: a run of all their mutants would take hours.
TOO_SLOW = ROOT / "layers" / "keyturn" / "keyturn" / "verifier"


def source_of(pattern: str) -> str:
    """Return where a pattern of mutmut's copy lies in the repository."""
    package, _, rest = pattern.partition("/")
    return f"{SOURCES[package]}/{rest}"


@pytest.mark.parametrize("name", PARTS)
def test_a_part_names_files_and_tests_that_are_there(name: str) -> None:
    """A file that was moved would leave a part without a word."""
    for pattern in (*map(source_of, PARTS[name].changed), *PARTS[name].tests):
        assert list(ROOT.glob(pattern)), pattern


def test_what_is_broken_is_what_is_covered() -> None:
    """Each file under the coverage check belongs to exactly one part, but for those with slow tests."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    covered = [file for pattern in project["tool"]["coverage"]["report"]["include"] for file in ROOT.glob(pattern)]
    changed = [file for part in PARTS.values() for pattern in part.changed for file in ROOT.glob(source_of(pattern))]
    assert sorted(changed) == sorted(file for file in covered if file.suffix == ".py" and file.parent != TOO_SLOW)


def test_each_module_that_the_authorizer_imports_is_broken() -> None:
    """A module that shares in a decision belongs to a part, whichever package it is in."""
    found = set((ROOT / "functions" / "authorizer").glob("*.py"))
    new = found
    while new:
        new = {file for each in new for file in imported_files(each)} - found
        found |= new
    changed = {file for part in PARTS.values() for each in part.changed for file in ROOT.glob(source_of(each))}
    assert not found - changed


def imported_files(source: Path) -> Iterator[Path]:
    """Yield the files of ours that a file imports at run time, also those inside of its functions."""
    tree = ast.parse(source.read_text())
    tree.body = [
        each for each in tree.body if not (isinstance(each, ast.If) and "TYPE_CHECKING" in ast.unparse(each.test))
    ]
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    for package, _, rest in (name.partition(".") for name in names):
        file = ROOT / SOURCES.get(package, "") / f"{rest.replace('.', '/') or '__init__'}.py"
        if package in SOURCES and file.exists():
            yield file


def test_an_unknown_part_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """ONLY=typo runs nothing, and says what there is."""
    assert main(["verifier", "typo"]) == 2
    assert (
        capsys.readouterr().err
        == "there is no part typo: ONLY is one of verifier, authorizer, rules, readers, kernel\n"
    )


# The run's environment lacks the project, which this one has installed from its folders.
_IMPORT = """
import sys
sys.path[:] = ["."] + [each for each in sys.path if "site-packages" in each or not each.startswith(sys.argv[1])]
sys.meta_path[:] = [each for each in sys.meta_path if "editable" not in str(each)]
import tests.fakes.composed_authorizer
"""


@pytest.mark.parametrize("name", PARTS)
def test_the_copy_has_the_tests_of_its_part(tmp_path: Path, name: str) -> None:
    """Each part lays out the files with its tests, and leaves out those that mutmut disturbs."""
    copy_project(PARTS[name], tmp_path)
    named = {test.relative_to(ROOT) for pattern in PARTS[name].tests for test in ROOT.glob(pattern)}
    copied = {test.relative_to(tmp_path) for test in (tmp_path / "tests").rglob("*.py")}
    assert named - copied == {each for each in named if each.name in PARTS[name].left_out}


def test_the_copy_has_all_that_its_tests_import(tmp_path: Path) -> None:
    """A package that the copy lacks would end a run at its beginning."""
    copy_project(PARTS["authorizer"], tmp_path / "copy")
    command = [sys.executable, "-P", "-c", _IMPORT, str(ROOT)]
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, cwd=tmp_path / "copy", env=inherited, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
