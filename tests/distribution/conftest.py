"""The wheel and the source distribution, built once, and environments that have the wheel."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterable
from importlib.metadata import PackagePath, distribution
from pathlib import Path
from typing import NamedTuple

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]


class Built(NamedTuple):
    """The distributions of the checkout, and a wheel that was built from the unpacked source distribution."""

    wheel: Path
    source: Path
    again: Path


class Environment(NamedTuple):
    """A virtual environment and an empty folder."""

    folder: Path
    empty: Path

    def run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment in the empty folder, without the variables of this process."""
        command = [str(self.folder / "bin" / program), *arguments]
        return subprocess.run(
            command, cwd=self.empty, env={"LANG": "C.UTF-8"}, capture_output=True, text=True, check=False
        )


def build(checkout: Path, target: Path) -> list[Path]:
    """Build the source distribution and the wheel of a folder, and return them sorted by name."""
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-d", str(target)], cwd=checkout, check=True)
    return sorted(target.iterdir())


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Return the distributions."""
    folder = tmp_path_factory.mktemp("distributions")
    wheel, source = build(ROOT, folder / "first")
    with tarfile.open(source) as archive:
        archive.extractall(folder, filter="data")
    again, _ = build(folder / source.name.removesuffix(".tar.gz"), folder / "second")
    return Built(wheel, source, again)


def with_dependencies(names: Iterable[str]) -> set[str]:
    """Return these packages with all that they need here, as their metadata say."""
    found, waiting = set[str](), list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            needed = map(Requirement, distribution(name).requires or ())
            waiting += [each.name for each in needed if each.marker is None or each.marker.evaluate({"extra": ""})]
    return found


def link_package(name: str, site: Path) -> None:
    """Put an installed package into another environment, which costs no download; its scripts are left out."""
    package = distribution(name)
    tops = {file.parts[0] for file in package.files or () if file.parts[0] not in ("..", "__pycache__")}
    for top in tops:
        link = site / top
        if not link.exists():
            link.symlink_to(Path(str(package.locate_file(PackagePath(top)))).resolve())


@pytest.fixture(scope="session")
def install(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Iterable[str]], Environment]:
    """Return a function that installs the wheel with an extra beside some packages, and nothing from an index."""

    def install_wheel(extra: str, packages: Iterable[str]) -> Environment:
        folder = tmp_path_factory.mktemp("environment")
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
        [site] = (folder / "lib").glob("python*/site-packages")
        for name in packages:
            link_package(name, site)
        pip = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python"), "install", "-qq", "--no-index"]
        subprocess.run(
            [*pip, "--no-compile", f"{built.wheel}{extra}"], check=True, env={"PIP_CONFIG_FILE": "/dev/null"}
        )
        empty = folder / "empty"
        empty.mkdir()
        return Environment(folder, empty)

    return install_wheel
