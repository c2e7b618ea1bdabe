"""The Makefile on a machine with other interpreters: the programs of this test alone are on its PATH."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = ("bash", "make", "cat", "cksum", "tr", "sed", "ps", "awk", "rm", "env", "uname")


class Machine:
    """A checkout without environments, and a PATH with a few tools and the given interpreters."""

    def __init__(self, folder: Path) -> None:
        self.checkout, self._bin = folder / "checkout", folder / "bin"
        self.checkout.mkdir()
        self._bin.mkdir()
        for name in ("Makefile", "lambda.mk"):
            shutil.copy(ROOT / name, self.checkout)
        for tool in TOOLS:
            (self._bin / tool).symlink_to(str(shutil.which(tool)))

    def add(self, name: str, *, is_new: bool = True) -> Path:
        """Install an interpreter: this one, or one that is too old for each check of the Makefile."""
        path = self._bin / name
        path.write_text(
            f'#!{self._bin}/bash\nexec "{sys.executable}" "$@"\n' if is_new else f"#!{self._bin}/bash\nexit 1\n"
        )
        path.chmod(0o755)
        return path

    def make(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run make with a home of its own, in which pyenv has no interpreter."""
        return subprocess.run(
            [str(self._bin / "make"), *arguments],
            cwd=self.checkout,
            env={"PATH": str(self._bin), "HOME": str(self._bin), "LANG": "C"},
            capture_output=True,
            text=True,
            check=False,
        )

    def interpreter(self) -> str:
        """Return the interpreter that make would build the environments with."""
        return self.make("--eval=show: ; @echo '$(PYTHON)'", "show").stdout.strip()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.mark.parametrize("interpreters", [(), ("python3",), ("python3", "python3.12")])
def test_a_machine_without_the_runtime_gets_no_error_of_the_shell(
    machine: Machine, interpreters: tuple[str, ...]
) -> None:
    """Without python3.13 make prints its help, and nothing else."""
    for name in interpreters:
        machine.add(name)
    result = machine.make("help")
    assert (result.returncode, result.stderr) == (0, "")
    assert "make setup" in result.stdout


@pytest.mark.parametrize("name", ["python3.11", "python3.12", "python3.14"])
def test_a_newer_interpreter_beside_an_old_one_is_found(machine: Machine, name: str) -> None:
    """A distribution may have python3.11 beside a python3 that is too old."""
    machine.add("python3", is_new=False)
    machine.add(name)
    assert machine.interpreter() == name


@pytest.mark.parametrize("beside", ["python3.11", "python3.12"])
def test_python3_comes_first_if_it_is_new_enough(machine: Machine, beside: str) -> None:
    """The default interpreter of the machine is taken before another one."""
    machine.add("python3")
    machine.add(beside)
    assert machine.interpreter() == "python3"


def test_a_machine_with_old_interpreters_alone_gets_a_clear_error(machine: Machine) -> None:
    """The error names the needed version, and the option that names an interpreter."""
    machine.add("python3", is_new=False)
    result = machine.make("setup")
    assert result.returncode == 2
    assert "Python 3.11 or newer is needed, and python3 is not: make PYTHON=/path/to/python3 setup" in result.stderr


@pytest.mark.parametrize("wrong", ["/missing/python3", "python3.10", "env", "python2.7 -E"])
def test_a_wrong_interpreter_is_an_error(machine: Machine, wrong: str) -> None:
    """PYTHON that is missing, too old or another program stops make, and the environment stays."""
    machine.add("python3")
    machine.add("python3.10", is_new=False)
    stamp = machine.checkout / ".venv" / "dependencies-1"
    stamp.parent.mkdir()
    stamp.touch()
    result = machine.make(f"PYTHON={wrong}", "setup")
    assert (result.returncode, stamp.exists()) == (2, True)
    assert f"PYTHON={wrong} is not Python 3.11 or newer: make PYTHON=/path/to/python3 setup" in result.stderr


def test_an_interpreter_that_fits_is_taken(machine: Machine) -> None:
    """PYTHON replaces the search."""
    path = machine.add("another")
    shown = machine.make(f"PYTHON={path}", "--eval=show: ; @echo '$(PYTHON)'", "show")
    assert (shown.stdout.strip(), shown.stderr) == (str(path), "")


@pytest.mark.parametrize(
    "parameters",
    ["", "A=b C=d", "A='b c' D=\"e\"", "A=`touch hit`", "A=$$(touch hit)", "A=b; touch hit", 'A="; touch hit"'],
)
def test_parameters_reach_the_command_as_one_text(machine: Machine, parameters: str) -> None:
    """PARAMETERS is one argument of the command, and the shell runs no part of it."""
    machine.add("python3")
    python = machine.checkout / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!{shutil.which("bash")}\nprintf "<%s>" "$@"\n')
    python.chmod(0o755)
    # "setup" counts as done: it would build an environment.
    result = machine.make("demo", "--old-file=setup", *([f"PARAMETERS={parameters}"] if parameters else []))
    assert result.stdout == f"<-m><local><demo><--parameters><{parameters.replace('$$', '$')}>", result.stderr
    assert not (machine.checkout / "hit").exists()
