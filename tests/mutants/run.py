"""`make mutants`: change every expression of `keyturn.jose` once, by mutmut, and count those that no test notices.

It works on a copy in `build/mutants`, in which the package lies where mutmut expects it. `test_bounded_work` stays out:
it counts the lines that run, and mutmut adds some.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
WORK = ROOT / "build" / "mutants"
MUTMUT = [sys.executable, "-m", "mutmut"]
LEAST = 0.95
_CONFIGURATION = """
[tool.pytest.ini_options]
addopts = ["--import-mode=importlib", "-p", "no:cacheprovider"]
pythonpath = ["."]
filterwarnings = ["ignore"]

[tool.mutmut]
source_paths = ["keyturn"]
only_mutate = ["keyturn/jose/*.py"]
pytest_add_cli_args_test_selection = ["tests/unit/jose"]
"""
# Killed: a test failed, or the change never came to an end.
_KILLED = {"killed", "timeout"}


def copy_project() -> None:
    """Lay out what mutmut needs."""
    shutil.rmtree(WORK, ignore_errors=True)
    leave_out = shutil.ignore_patterns("__pycache__", "test_bounded_work.py")
    shutil.copytree(ROOT / "layers" / "keyturn" / "keyturn", WORK / "keyturn", ignore=leave_out)
    shutil.copytree(ROOT / "tests" / "unit" / "jose", WORK / "tests" / "unit" / "jose", ignore=leave_out)
    for module in ("token_factory.py", "oracles.py"):
        (WORK / "tests" / "fakes").mkdir(exist_ok=True)
        shutil.copy(ROOT / "tests" / "fakes" / module, WORK / "tests" / "fakes")
    (WORK / "pyproject.toml").write_text(_CONFIGURATION)


def outcomes() -> dict[str, str]:
    """Return what became of each mutant, by its name."""
    listed = subprocess.run(
        [*MUTMUT, "results", "--all", "true"], cwd=WORK, capture_output=True, text=True, check=True
    ).stdout
    return dict(re.findall(r"^\s*(\S+__mutmut_\d+): (.+)$", listed, re.MULTILINE))


def change_of(mutant: str) -> str:
    """Return a mutant's change: the line that was, and the line that is."""
    shown = subprocess.run([*MUTMUT, "show", mutant], cwd=WORK, capture_output=True, text=True, check=True).stdout
    lines = re.findall(r"^([-+])(?![-+]) *(.+)$", shown, re.MULTILINE)
    return "\n".join(f"  {sign} {line}" for sign, line in lines)


def main() -> int:
    """Run all mutants, print those that survive, and return the exit code: 0 from LEAST on."""
    copy_project()
    vectors = os.environ.get("KEYTURN_VECTORS", str(ROOT.parent / "shared" / "vectors"))
    environment = os.environ | {"KEYTURN_VECTORS": vectors}
    children = str(os.cpu_count() or 1)
    subprocess.run([*MUTMUT, "run", "--max-children", children], cwd=WORK, env=environment, check=False)
    found = outcomes()
    survivors = sorted(mutant for mutant, outcome in found.items() if outcome not in _KILLED)
    for mutant in survivors:
        print(f"{mutant}: {found[mutant]}\n{change_of(mutant)}")
    share = 1 - len(survivors) / len(found) if found else 0.0
    print(
        f"{len(found)} mutants, {dict(Counter(found.values()))}: {share:.1%} killed, at least {LEAST:.0%} are asked for"
    )
    return int(share < LEAST)


if __name__ == "__main__":
    sys.exit(main())
