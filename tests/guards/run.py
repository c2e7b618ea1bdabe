"""`make guards`: take the line of each rule away, and see its test fail."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.guards.table import FUNCTIONS, GUARDS, KERNEL, ROOT, Guard

_ALONE = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # the plugins cost a third of each start
_TESTS_FAILED = 1  # pytest's exit code; another one says that it could not run them


def without(guard: Guard, folder: Path) -> str | None:
    """Run the guard's test on the code without its line; return the problem, or None if the test failed as expected."""
    for package in (KERNEL, FUNCTIONS / "authorizer"):
        shutil.copytree(package, folder / package.name, ignore=shutil.ignore_patterns("__pycache__"))
    copy = folder / guard.source.relative_to(FUNCTIONS if guard.source.is_relative_to(FUNCTIONS) else KERNEL.parent)
    copy.write_text(copy.read_text().replace(guard.text, guard.without))
    path = f"pythonpath=. {folder} functions cli"
    command = [
        sys.executable,
        "-B",
        "-m",
        "pytest",
        "-q",
        "-x",
        "-o",
        path,
        "-p",
        "no:cacheprovider",
        f"tests/{guard.test}",
    ]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | _ALONE, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return f"{guard.rule}: {guard.test} passes without {guard.text.strip()!r} in {guard.file}"
    if done.returncode != _TESTS_FAILED or "error" in done.stdout.splitlines()[-1]:
        return f"{guard.rule}: {guard.test} did not run:\n{done.stdout[-2000:]}"
    return None


def main() -> int:
    """Try every guard; print those that guard nothing; return the exit code."""
    with tempfile.TemporaryDirectory() as temporary, ThreadPoolExecutor(2) as pool:
        wrong = [*pool.map(lambda guard: without(guard, Path(temporary) / guard.rule), GUARDS)]
    for line in filter(None, wrong):
        print(line)
    print(f"{wrong.count(None)} of {len(GUARDS)} rules: the test fails as soon as the line is gone")
    return int(any(wrong))


if __name__ == "__main__":
    sys.exit(main())
