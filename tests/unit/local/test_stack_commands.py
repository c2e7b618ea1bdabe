"""The commands on the running stack: their output, and one line for each error."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from local import __main__ as command
from local import stack_commands
from local.running_stack import RunningStack
from local.stack_file import write_stack_file
from local.stack_lock import hold_lock
from local.user_stack import Place, UserStack
from tests.unit.local.test_stack_file import STACK

if TYPE_CHECKING:
    pass

EMULATOR = {
    "endpoint_url": "http://127.0.0.1:4580",
    "region": "us-east-1",
    "access_key_id": "a",
    "secret_access_key": "b",
}
RUNNING = replace(STACK, emulator=EMULATOR, outputs={"AuthorizerArn": "arn"}, apis_origin="http://127.0.0.1:8481")
COMMANDS = (("deploy", "examples/http-api"), ("delete", "own"), ("rules",), ("env",))


@pytest.fixture(autouse=True)
def root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Return a checkout without a stack."""
    monkeypatch.setattr(command, "ROOT", tmp_path)
    (tmp_path / ".local").mkdir(mode=0o700)
    return tmp_path


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch, root: Path) -> list[Any]:
    """Run a stack in the checkout, and list what is deployed to it."""
    deployed: list[Any] = []

    def deploy_folder(place: Place, *arguments: Any) -> UserStack:
        *folder_name_values, _progress = arguments
        deployed.append((place, *folder_name_values))
        return UserStack("own", "created", {"Url": "http://x", "Longer": "y\x1b[2J"}, {})

    monkeypatch.setattr(stack_commands, "deploy_folder", deploy_folder)
    found = RunningStack(root / ".local", RUNNING)
    monkeypatch.setattr(stack_commands, "find_running_stack", lambda _root: found)
    return deployed


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["local", *arguments])
    return command.main()


@pytest.mark.parametrize("arguments", COMMANDS)
def test_without_a_stack_the_message_says_how_to_start_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    """Each command that needs a running stack names `make run`."""
    assert run(monkeypatch, *arguments) == 1
    said = capsys.readouterr()
    assert (said.out, said.err.startswith("local: no embedded stack runs in this folder")) == ("", True)
    assert said.err.endswith(": start one with `make run`\n")


def test_the_stack_of_the_checkout_is_found(monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
    """The description is trusted while its stack holds the lock; one of another release is refused."""
    folder = root / ".local"
    with hold_lock(folder):
        write_stack_file(folder / "stack.json", RUNNING)
        assert run(monkeypatch, "env") == 0
        text = (folder / "stack.json").read_text()
        (folder / "stack.json").write_text(text.replace("client_id", "other"))
        assert run(monkeypatch, "env") == 1


def test_a_deployment_prints_its_outputs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], running: list[Any], root: Path
) -> None:
    """Names and values are in two columns, and control characters of a template reach no terminal."""
    assert run(monkeypatch, "deploy", "own", "--name", "mine", "--parameter", "A=b=c", "--parameter", "B=") == 0
    assert capsys.readouterr().out == "Url     http://x\nLonger  y\\x1b[2J\n"
    [(place, folder, name, values)] = running
    assert (folder, name, values) == (Path("own"), "mine", {"A": "b=c", "B": ""})
    assert (place.keyturn, place.authorizer_arn, place.origin) == ("keyturn", "arn", "http://127.0.0.1:8481")
    assert (place.state, place.builds) == (root / ".local/state", root / ".local/builds/stacks")


def test_a_deployment_is_json_for_a_program(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], running: list[Any]
) -> None:
    """--json prints name, action and outputs, and nothing else on standard output."""
    assert run(monkeypatch, "deploy", "own", "--json") == 0
    printed = json.loads(capsys.readouterr().out)
    assert (printed["stack"], printed["action"], printed["outputs"]["Url"]) == ("own", "created", "http://x")


@pytest.mark.parametrize("values", [["A"], ["=b"], ["A=1", "A=2"]])
def test_a_parameter_is_a_name_and_a_value(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], running: list[Any], values: list[str]
) -> None:
    """A word without a name or a value, and a name given twice, are errors before the deployment."""
    options = [word for value in values for word in ("--parameter", value)]
    assert run(monkeypatch, "deploy", "own", *options) == 1
    assert (running, f"--parameter {values[-1]} is not NAME=VALUE" in capsys.readouterr().err) == ([], True)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (EndpointConnectionError(endpoint_url="http://127.0.0.1:4580"), "the embedded stack does not answer"),
        (
            ClientError({"Error": {"Code": "X", "Message": "no\x1b"}}, "CreateStack"),
            "no\\x1b: the log of the emulator is",
        ),
        (PermissionError("denied"), "denied: the log of the emulator is"),
    ],
)
def test_an_error_of_the_emulator_is_one_line(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    running: list[Any],
    error: Exception,
    said: str,
) -> None:
    """A stack that ended meanwhile, and a call that it refuses, are errors without a traceback."""

    def fail(*_arguments: Any) -> None:
        raise error

    monkeypatch.setattr(stack_commands, "deploy_folder", fail)
    assert run(monkeypatch, "deploy", "own") == 1
    assert said in capsys.readouterr().err


def test_rules_are_read_from_a_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], running: list[Any], root: Path
) -> None:
    """The command passes the document of the file on, and prints how many rules are in force."""
    passed: list[str] = []

    def change_rules(_running: object, authorizer: str, document: Any) -> int:
        passed.append(document.text)
        return 3

    monkeypatch.setattr(stack_commands, "change_rules", change_rules)
    monkeypatch.setattr(stack_commands, "read_rules", lambda _running, _authorizer: "{}")
    (root / "rules.json").write_text("{...}")
    assert run(monkeypatch, "rules", str(root / "rules.json")) == 0
    assert (passed, capsys.readouterr().out.partition(" rules")[0]) == (["{...}"], "3")
    assert run(monkeypatch, "rules") == 0
    assert capsys.readouterr().out == "{}\n"
    assert run(monkeypatch, "rules", "missing.json") == 1
    assert capsys.readouterr().err.startswith("local: missing.json: No such file")


def test_the_environment_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], running: list[Any]
) -> None:
    """The same variables are lines for a shell, or JSON."""
    assert [run(monkeypatch, "env", "--json"), run(monkeypatch, "env")] == [0, 0]
    printed = capsys.readouterr().out
    variables, end = json.JSONDecoder().raw_decode(printed)
    assert (variables["AWS_ENDPOINT_URL"], variables["KEYTURN_AUTHORIZER_ARN"]) == ("http://127.0.0.1:4580", "arn")
    assert printed[end:].count("\nexport ") == len(variables)
