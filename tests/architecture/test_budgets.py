"""How long files and functions may be, how many parameters they take, and how complex they are."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
FOLDERS = ("benchmarks", "cli", "examples", "functions", "layers", "local", "tests")
SOURCE_LINES = 300
TEST_LINES = 400
FUNCTION_LINES = 50
POSITIONAL_PARAMETERS = 5
COMPLEXITY = 8
# Each function that may be over a budget, with the reason.
EXCEPTIONS = {
    "cli/keyturn_cli/uninstall.py::_delete_keys": "asks twice and deletes: one order of steps that must stay visible",
    "layers/keyturn/keyturn/domain/clients/client.py::Client.__post_init__": "a flat list of rules",
    "layers/keyturn/keyturn/domain/clients/client.py::Client._check_grants": "a flat list of rules",
    "local/guarded_emulator.py::Guard._is_open": "one flat list of the requests that need no signature",
}
MOST_EXCEPTIONS = 10


class Function(NamedTuple):
    """A function of a file; `name` is `path::Class.function`."""

    name: str
    node: ast.FunctionDef | ast.AsyncFunctionDef


def files() -> list[Path]:
    """Return every Python file of the repository but those of installed packages."""
    found = (path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
    return sorted(path for path in found if "node_modules" not in path.parts)


def functions_of(path: Path) -> list[Function]:
    """Return the functions of a file."""
    return [*walk(ast.parse(path.read_text()), f"{path.relative_to(ROOT)}::")]


def walk(node: ast.AST, prefix: str) -> Iterator[Function]:
    """Yield the functions within a node, with their qualified names."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield Function(f"{prefix}{child.name}", child)
            yield from walk(child, f"{prefix}{child.name}.")
        else:
            yield from walk(child, f"{prefix}{child.name}." if isinstance(child, ast.ClassDef) else prefix)


def line_count(function: Function) -> int:
    """Return the number of a function's lines without its docstring."""
    first, node = function.node.body[0], function.node
    is_text = (
        isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    )
    documented = (first.end_lineno or 0) - first.lineno + 1 if is_text else 0
    return (node.end_lineno or 0) - node.lineno + 1 - documented


def positional_count(function: Function) -> int:
    """Return how many arguments a caller may give by position.

    Callers remember the order of these alone: the instance, keyword-only parameters, fixtures and options are left out.
    """
    if is_called_by_name(function.node):
        return 0
    arguments = [*function.node.args.posonlyargs, *function.node.args.args]
    return sum(each.arg not in {"self", "cls"} for each in arguments)


def is_called_by_name(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Return whether pytest or Typer calls the function: both give each argument by its name."""
    is_fixture = any("fixture" in ast.unparse(each) for each in node.decorator_list)
    is_command = any("typer." in ast.unparse(each.annotation) for each in node.args.args if each.annotation)
    return node.name.startswith("test_") or is_fixture or is_command


def too_complex() -> Iterator[str]:
    """Yield the functions whose cyclomatic complexity, as ruff counts it, is over the budget."""
    options = ["--isolated", "--no-cache", "--select=C901", f"--config=lint.mccabe.max-complexity={COMPLEXITY}"]
    command = [sys.executable, "-m", "ruff", "check", *options, "--output-format=json", *FOLDERS]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode in {0, 1}, done.stderr
    for finding in json.loads(done.stdout):
        row = finding["location"]["row"]
        yield next(each.name for each in functions_of(Path(finding["filename"])) if each.node.lineno == row)


def test_files_are_short() -> None:
    """A source file has at most 300 lines, and a file of tests at most 400."""
    lines = {path.relative_to(ROOT): len(path.read_text().splitlines()) for path in files()}
    assert {
        path: count
        for path, count in lines.items()
        if count > (TEST_LINES if path.parts[0] == "tests" else SOURCE_LINES)
    } == {}


def test_functions_are_short_and_simple_or_have_a_reason() -> None:
    """A function over 50 lines, 5 positional parameters or complexity 8 is listed, and no other one is."""
    found = set(too_complex())
    for function in (each for path in files() for each in functions_of(path)):
        if line_count(function) > FUNCTION_LINES or positional_count(function) > POSITIONAL_PARAMETERS:
            found.add(function.name)
    assert found == set(EXCEPTIONS)


def test_exceptions_are_few() -> None:
    """A budget with many exceptions is no budget."""
    assert len(EXCEPTIONS) <= MOST_EXCEPTIONS
    assert all(EXCEPTIONS.values())
