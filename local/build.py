"""The artifacts of functions and layers, built as `sam build` builds them if their inputs changed.

A resource is built by the target of a Makefile, or copied with the packages that its requirements.txt names.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.transform import folder_sources, makefile_sources

_REQUIREMENTS = "requirements.txt"


class BuildError(Exception):
    """An artifact did not build; the message holds the output of make or pip."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """A zip of one function or layer; `sha256` is that of its bytes, in hex."""

    logical_id: str
    path: Path
    sha256: str
    built: bool


def build_artifacts(template: dict[str, Any], root: Path, directory: Path) -> dict[str, Artifact]:
    """Build each function and layer of the template into `directory`, unless it is up to date; raises BuildError."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    shared = [path for path in (root / "lambda.mk",) if path.exists()]
    made = {
        logical_id: _build_artifact(logical_id, root / source, directory, _run_make, shared)
        for logical_id, source in makefile_sources(template).items()
    }
    copied = {
        logical_id: _build_artifact(logical_id, root / source, directory, _copy_folder, [])
        for logical_id, source in folder_sources(template).items()
    }
    return made | copied


def fingerprint_inputs(source: Path, *more: Path) -> str:
    """Return the SHA-256, in hex, of all inputs of a build of this folder."""
    digest = hashlib.sha256(f"{sys.version} {platform.machine()} {platform.libc_ver()}".encode())
    files = sorted(path for path in source.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    for path in (*files, *more):
        content = path.read_bytes()
        digest.update(f"\0{os.path.relpath(path, source)}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def _build_artifact(
    logical_id: str, source: Path, directory: Path, fill: Callable[[str, Path, Path], None], shared: list[Path]
) -> Artifact:
    if not source.is_dir():
        raise BuildError(f"{logical_id} has its code in {source}, which is not a folder: correct its CodeUri")
    archive, record = directory / f"{logical_id}.zip", directory / f"{logical_id}.json"
    inputs = fingerprint_inputs(source, *shared)
    known = _read_record(record)
    if known.get("inputs") == inputs and archive.exists():
        return Artifact(logical_id, archive, known["sha256"], built=False)
    with tempfile.TemporaryDirectory(dir=directory) as temporary:
        content = Path(temporary) / "content"
        content.mkdir()
        fill(logical_id, source, content)
        unfinished = Path(temporary) / archive.name
        _zip_folder(content, unfinished)
        sha256 = hashlib.sha256(unfinished.read_bytes()).hexdigest()
        record.unlink(missing_ok=True)  # a crash between the two moves must not leave a record of another archive
        unfinished.replace(archive)
        finished = Path(temporary) / record.name
        finished.write_text(json.dumps({"inputs": inputs, "sha256": sha256}))
        finished.replace(record)
    return Artifact(logical_id, archive, sha256, built=True)


def _read_record(record: Path) -> dict[str, str]:
    try:
        known: dict[str, str] = json.loads(record.read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return known


def _run_make(logical_id: str, source: Path, artifacts: Path) -> None:
    make = shutil.which("make")
    if make is None:
        raise BuildError("make is not on the PATH: install it, and start again")
    # The emulator runs handlers on its own interpreter, which is this one, and on this machine.
    settings = [f"ARTIFACTS_DIR={artifacts}", f"LAMBDA_PYTHON={sys.executable}", "ARCHITECTURE=native"]
    completed = subprocess.run(
        [make, f"build-{logical_id}", *settings],
        cwd=source,
        env={name: value for name, value in os.environ.items() if not name.startswith("MAKE") and name != "MFLAGS"},
        capture_output=True,
        text=True,
        check=False,
    )
    if completed.returncode != 0:
        raise BuildError(f"{logical_id} did not build:\n{completed.stdout}{completed.stderr}".rstrip())


def _copy_folder(logical_id: str, source: Path, content: Path) -> None:
    try:
        shutil.copytree(source, content, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    except shutil.Error as error:  # of a link that leads nowhere, or of a file that is not to be read
        [(path, _, cause), *_others] = error.args[0]
        raise BuildError(f"{logical_id}: {path} cannot be copied ({cause.partition(':')[0]})") from None
    if not (source / _REQUIREMENTS).exists():
        return
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    completed = subprocess.run(
        [*install, "--requirement", _REQUIREMENTS, "--target", str(content)],
        cwd=source,
        capture_output=True,
        text=True,
        check=False,
    )
    if completed.returncode != 0:
        raise BuildError(
            f"{logical_id}: pip cannot install {_REQUIREMENTS}:\n{completed.stdout}{completed.stderr}".rstrip()
        )


def _zip_folder(folder: Path, archive: Path) -> None:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as output:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix())  # dated 1980: equal content, equal archives
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (path.stat().st_mode & 0o755) << 16
            output.writestr(entry, path.read_bytes(), compresslevel=1)
