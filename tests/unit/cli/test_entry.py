"""The entry of the command in an environment that lacks a package."""

from __future__ import annotations

import sys

import pytest

from keyturn_cli import entry


@pytest.mark.parametrize("name", ["typer", "boto3", "jwt"])
def test_a_missing_package_of_the_extra_is_one_sentence(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Each package of the extra is asked for in the same line, with what to type."""
    forget_the_command(monkeypatch)
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(SystemExit) as error:
        entry.main()
    assert error.value.code == "keyturn: the command needs its extra: type `pip install '.[cli]'` in a clone of Keyturn"


def test_another_missing_module_is_no_matter_of_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """A module of the command that is gone is a mistake, and is shown as one."""
    forget_the_command(monkeypatch)
    monkeypatch.setitem(sys.modules, "keyturn_cli.revoke", None)
    with pytest.raises(ModuleNotFoundError, match="keyturn_cli"):
        entry.main()


def test_the_command_runs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The entry runs the command of the arguments where its packages are installed."""
    monkeypatch.setattr(sys, "argv", ["keyturn", "--help"])
    with pytest.raises(SystemExit) as error:
        entry.main()
    assert error.value.code == 0
    assert "Operate a Keyturn stack." in capsys.readouterr().out


def forget_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the next import of the command's modules run them again."""
    for name in [*sys.modules]:
        if name.startswith("keyturn_cli.") and name != "keyturn_cli.entry":
            monkeypatch.delitem(sys.modules, name)
