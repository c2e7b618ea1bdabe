"""The help of each command fits a terminal of 80 columns, and shows no internal id."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from keyturn_cli import app as command_line
from tests.fakes.command_stack import run

ROOT = Path(__file__).parents[3]
# Modules whose texts reach users: the command, the embedded stack and the pages of the login.
SHOWN = sorted(path for folder in ("cli", "local", "functions/login/pages") for path in (ROOT / folder).rglob("*.py"))
# Ids of docs/requirements.md, such as R01, P1, G4 and I3.
INTERNAL_ID = re.compile(r"(?<![\w-])(?:R\d\d|[PGI]\d{1,2})(?![\w-])")


def _commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield each group and each command, with its name as a path."""
    yield path, group
    for name, command in getattr(group, "commands", {}).items():
        yield from _commands(command, (*path, name))


COMMANDS = dict(_commands(typer.main.get_command(command_line.app)))


@pytest.mark.parametrize("path", COMMANDS, ids=lambda path: " ".join(path) or "keyturn")
def test_each_help_fits_80_columns(monkeypatch: pytest.MonkeyPatch, path: tuple[str, ...]) -> None:
    """Each line fits, each option is shown in full, and each option and command has a text."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERMINAL_WIDTH", "80")
    shown = run(*path, "--help").stdout
    assert all(len(line) <= 80 for line in shown.splitlines())
    assert "…" not in shown
    assert not INTERNAL_ID.search(shown)
    for parameter in COMMANDS[path].params:
        assert parameter.help or parameter.name == "help", parameter.name
        assert all(name in shown for name in parameter.opts if name.startswith("--"))
    assert COMMANDS[path].help


def test_the_help_of_the_embedded_stack_fits_80_columns() -> None:
    """`python -m local --help` names each of its commands with a text."""
    environment = {**os.environ, "COLUMNS": "80", "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", "local", "--help"]
    shown = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout
    assert all(len(line) <= 80 for line in shown.splitlines())
    assert all(re.search(rf"^ +{name} +\w", shown, re.MULTILINE) for name in ("run", "demo", "events", "transform"))
    assert not INTERNAL_ID.search(shown)


def _texts(source: str) -> Iterator[str]:
    """Yield the string literals of a module that are no docstring."""
    tree = ast.parse(source)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value


@pytest.mark.parametrize("module", SHOWN, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_text_for_users_has_an_internal_id(module: Path) -> None:
    """Users have no list of requirements beside them: a text names a section of a standard or a page of docs."""
    assert [text for text in _texts(module.read_text()) if INTERNAL_ID.search(text)] == []


def test_the_check_finds_an_id() -> None:
    """The pattern finds an id within a sentence, and passes RFC numbers and names of algorithms."""
    assert INTERNAL_ID.search("refused by R01, R02")
    assert not INTERNAL_ID.search("RFC 7515 §4, RS256, P-256, sha256")
