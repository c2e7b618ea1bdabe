"""`make run`, `make demo` and `make reset`: the demo plays on a new state, and a reset takes a stopped stack alone."""

from __future__ import annotations

import io
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local import __main__ as command
from local.demo import Demo
from local.progress import Progress
from local.reset import reset
from local.stack_lock import AlreadyRunning, hold_lock


class Stack:
    """An embedded stack that starts at once, and ends when it is announced."""

    made: dict[str, Any]
    handlers: list[Any]
    runs_elsewhere = False
    folder: Path

    def __init__(self, *, parameters: dict[str, str], interactive: bool, progress: Progress) -> None:
        type(self).made = {"parameters": parameters, "interactive": interactive}
        self.demo_played = self.folder / "demo_played"
        self.file = self.folder / "stack.json"
        self.is_up = False

    def start(self) -> None:
        if self.runs_elsewhere:
            raise AlreadyRunning("the stack already runs, as process 1")

    def announce(self, _running: object) -> None:
        type(self).handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
        raise KeyboardInterrupt

    def stop(self) -> None:
        """Stop at once."""


@pytest.fixture(autouse=True)
def demos(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[list[object]]:
    """Replace stack and demo, and list the demos that ran."""
    ran: list[object] = []
    monkeypatch.setattr(Stack, "folder", tmp_path, raising=False)
    monkeypatch.setattr(Stack, "runs_elsewhere", False)
    monkeypatch.setattr(command, "EmbeddedStack", Stack)

    def show_demo(running: object, _progress: Progress) -> bool:
        ran.append(running)
        return True

    monkeypatch.setattr(command, "_show_demo", show_demo)
    monkeypatch.setattr(command, "read_stack_file", lambda _file: "the running stack")
    before = [(number, signal.getsignal(number)) for number in (signal.SIGINT, signal.SIGTERM)]
    yield ran
    for number, handler in before:
        signal.signal(number, handler)


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["local", *arguments])
    return command.main()


def test_the_demo_plays_on_the_first_start_alone(monkeypatch: pytest.MonkeyPatch, demos: list[object]) -> None:
    """A second `make run` leaves the keys and tokens of the state alone, and names `make demo`."""
    said = io.StringIO()
    monkeypatch.setattr(command, "Progress", lambda: Progress(said))
    for _ in range(3):
        assert run(monkeypatch, "run") == 0
    assert len(demos) == 1
    assert said.getvalue().count("`make demo` runs it again") == 2


def test_make_demo_plays_each_time(monkeypatch: pytest.MonkeyPatch, demos: list[object]) -> None:
    """`make demo` plays although the state has seen a demo, and a later `make run` plays none."""
    assert [run(monkeypatch, "demo"), run(monkeypatch, "demo"), run(monkeypatch, "run")] == [0, 0, 0]
    assert len(demos) == 2


def test_a_demo_that_was_interrupted_is_not_repeated(monkeypatch: pytest.MonkeyPatch, demos: list[object]) -> None:
    """The mark is set before the demo, since an interrupted one has changed keys."""

    def interrupted(*_arguments: object) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(command, "_show_demo", interrupted)
        run(monkeypatch, "run")
    run(monkeypatch, "run")
    assert demos == []


def test_a_stack_in_the_background_can_be_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell starts `make run &` with SIGINT ignored: the stack takes SIGINT and SIGTERM again."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    run(monkeypatch, "run")
    assert Stack.handlers == [signal.default_int_handler] * 2


@pytest.mark.parametrize("name", ["run", "demo"])
def test_parameters_reach_the_stack(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """PARAMETERS of both targets override those of the embedded stack."""
    assert run(monkeypatch, name, "--parameters", "RevocationMode=snapshot LogRetentionDays=30") == 0
    assert Stack.made["parameters"] == {"RevocationMode": "snapshot", "LogRetentionDays": "30"}


def test_wrong_parameters_start_nothing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown name is an error before the start, with exit code 2."""
    monkeypatch.setattr(Stack, "made", {})
    assert run(monkeypatch, "run", "--parameters", "Revocation=strict") == 2
    assert (Stack.made, "did you mean RevocationMode?" in capsys.readouterr().err) == ({}, True)


@pytest.mark.parametrize(
    ("arguments", "code", "played"),
    [
        (("run",), 1, 0),
        (("demo",), 0, 1),
        (("demo", "--parameters", "RevocationMode=strict"), 1, 0),
    ],
)
def test_a_stack_that_runs_already(
    monkeypatch: pytest.MonkeyPatch, demos: list[object], arguments: tuple[str, ...], code: int, played: int
) -> None:
    """`make demo` plays on the running stack, but only with the parameters of that stack."""
    monkeypatch.setattr(Stack, "runs_elsewhere", True)
    (Stack.folder / "stack.json").touch()
    assert (run(monkeypatch, *arguments), len(demos)) == (code, played)


def filled(folder: Path) -> Path:
    """Return a folder as a stack leaves it after a stop."""
    for name in ("state/emulator/table", "state/demo_client.json", "events/a.json", "builds/a.zip"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    for name in ("env.json", "aws_config", "ports.json", "lock"):
        (folder / name).touch()
    return folder


def test_a_reset_deletes_the_state_and_keeps_the_builds(tmp_path: Path) -> None:
    """After a reset the next start has a new state, and need not build again."""
    folder = filled(tmp_path / "local")
    assert reset(folder)
    assert sorted(path.name for path in folder.iterdir()) == ["builds", "lock"]
    assert not reset(folder)
    assert not reset(tmp_path / "missing")


def test_a_running_stack_is_not_reset(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`make reset` refuses while a stack holds the lock, and deletes nothing."""
    folder = filled(tmp_path / ".local")
    monkeypatch.setattr(command, "ROOT", tmp_path)
    with hold_lock(folder):
        assert run(monkeypatch, "reset") == 1
    assert capsys.readouterr().err.startswith("local: nothing was deleted, since the stack already runs")
    assert (folder / "state/emulator/table").exists()
    assert [run(monkeypatch, "reset"), run(monkeypatch, "reset")] == [0, 0]
    said = capsys.readouterr().out.splitlines()
    assert said == ["the state is deleted: the next `make run` begins without it", "there is no state to delete"]


@pytest.mark.parametrize(
    ("answers", "rotated"),
    [
        ([{"error": "too_many_published", "message": "wait 131 s", "retry_after_seconds": 131}], False),
        ([{"rings": [{"keys": [{"kid": "k", "state": "ACTIVE"}]}]}], True),
        (
            [
                {"error": "standby_too_young", "message": "wait 6 s", "retry_after_seconds": 6},
                {"rings": [{"keys": [{"kid": "k", "state": "ACTIVE"}]}]},
            ],
            True,
        ),
    ],
)
def test_a_full_jwks_holds_up_no_demo(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], answers: list[dict[str, Any]], rotated: bool
) -> None:
    """The fifth demo in a row skips the rotation at once; a young standby key is waited for."""
    waited: list[float] = []
    demo = object.__new__(Demo)
    demo.differences, demo._progress = 0, Progress(sys.stdout)
    monkeypatch.setattr("time.sleep", waited.append)
    monkeypatch.setattr(Demo, "_invoke_rotator", lambda _demo, **_event: answers.pop(0))
    assert (demo._rotate(), demo.differences) == (rotated, 0)
    assert sum(waited) <= 6
    assert ("skipped: wait 131 s" in capsys.readouterr().out) == (not rotated)
