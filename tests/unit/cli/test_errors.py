"""One shape for each error of the command: one line that says what is wrong, and what to type next."""

from __future__ import annotations

import ast
import importlib
import inspect
from pathlib import Path

import pytest
from botocore.exceptions import ClientError, NoCredentialsError

import keyturn_cli
from keyturn.domain import errors as domain_errors
from keyturn.domain.errors import KeyturnError
from keyturn_cli import app as command_line
from keyturn_cli.errors import CommandError, describe
from keyturn_cli.login_function import ActionRefused
from keyturn_cli.revocation_aim import NothingToRevoke

SOURCES = sorted(Path(keyturn_cli.__file__).parent.glob("*.py"))
DOMAIN_ERRORS = [each for _, each in inspect.getmembers(domain_errors, inspect.isclass) if issubclass(each, Exception)]
AWS_ERRORS = [
    ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "GetItem"),
    NoCredentialsError(),
]


@pytest.mark.parametrize("module", SOURCES, ids=lambda path: path.stem)
def test_each_error_class_of_the_command_names_a_next_step(module: Path) -> None:
    """A class of its own takes problem and next step; an outcome without an error is the exception."""
    found = inspect.getmembers(importlib.import_module(f"keyturn_cli.{module.stem}"), inspect.isclass)
    own = [each for _, each in found if each.__module__.startswith("keyturn_cli") and issubclass(each, KeyturnError)]
    assert all(issubclass(each, CommandError) for each in own if each is not NothingToRevoke)


@pytest.mark.parametrize("module", SOURCES, ids=lambda path: path.stem)
def test_no_command_raises_an_error_without_a_next_step(module: Path) -> None:
    """KeyturnError itself would say what is wrong, and leave the operator there."""
    raised = {
        node.exc.func.id
        for node in ast.walk(ast.parse(module.read_text()))
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and isinstance(node.exc.func, ast.Name)
    }
    assert raised.isdisjoint({each.__name__ for each in DOMAIN_ERRORS})


@pytest.mark.parametrize("kind", [*DOMAIN_ERRORS, OSError, ValueError], ids=lambda kind: kind.__name__)
def test_an_error_from_elsewhere_gets_a_next_step(kind: type[Exception]) -> None:
    """The faults of the domain, of files and of values keep their text, and get a step."""
    problem, _, step = describe(kind("it is broken.")).partition(": ")
    assert problem == "it is broken"
    assert step


@pytest.mark.parametrize("error", AWS_ERRORS, ids=lambda error: type(error).__name__)
def test_an_error_of_aws_leads_to_the_identity(error: Exception) -> None:
    """Most of these are wrong credentials or a wrong account."""
    assert "`aws sts get-caller-identity`" in describe(error)


def test_a_refusal_of_the_login_keeps_its_code() -> None:
    """A program reads the code, and a person the sentence with the next step."""
    refusal = ActionRefused("email_taken", "The address is taken.")
    assert refusal.code == "email_taken"
    assert str(refusal).startswith("The address is taken: ")


@pytest.mark.parametrize(
    "arguments",
    [
        ("nothing",),
        ("clients", "list", "--unknown"),
        ("clients", "show"),
        ("clients", "add", "--rate", "x"),
        ("revoke",),
        ("uninstall", "keyturn", "--days", "3"),
        ("rules", "explain", "FETCH", "/"),
        ("token", "decode", "nonsense"),
        ("keys", "compromise", "kid", "--reason", ""),
    ],
)
def test_wrong_arguments_are_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    """The line ends with the --help of the command, and the exit code is 2."""
    monkeypatch.setattr("sys.argv", ["keyturn", *arguments])
    with pytest.raises(SystemExit) as stopped:
        command_line.main()
    [line] = capsys.readouterr().err.splitlines()
    assert stopped.value.code == 2
    assert line.startswith("keyturn: ")
    assert line.endswith("--help`")
