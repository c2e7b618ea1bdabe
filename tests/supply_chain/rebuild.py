"""Build the artifacts once more, elsewhere and under other settings, and compare them with those of a first build.

    python -m tests.supply_chain.rebuild .aws-sam/arm64 arm64 SAM…

The second build has another folder, umask, time zone, language and hash seed; its source files have another age.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.supply_chain.digests import artifact_digest, artifacts, file_digests

ROOT = Path(__file__).parents[2]
SOURCES = ("template.yaml", "lambda.mk", "functions", "layers")
OTHER_SETTINGS = {"LANG": "C", "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"}
_OTHER_TIME = 981_173_106  # 2001-02-03
_OTHER_UMASK = 0o077


def copy_sources(root: Path, folder: Path) -> None:
    """Copy what a build reads, with other times and permissions."""
    for name in SOURCES:
        source, target = root / name, folder / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        else:
            shutil.copy(source, target)
    for path in folder.rglob("*"):
        os.utime(path, (_OTHER_TIME, _OTHER_TIME))
        path.chmod(path.stat().st_mode & 0o700)


def run_elsewhere(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a build in the folder under the other settings."""
    return subprocess.run(
        command,
        cwd=folder,
        env=os.environ | OTHER_SETTINGS,
        umask=_OTHER_UMASK,
        capture_output=True,
        text=True,
        check=False,
    )


def differences(first: Path, second: Path) -> Iterator[str]:
    """Yield each file that differs between the builds."""
    names = [path.name for path in artifacts(first)]
    if names != [path.name for path in artifacts(second)]:
        yield "the builds have different artifacts"
        return
    for name in names:
        one, other = file_digests(first / name), file_digests(second / name)
        yield from (f"{name}/{file}" for file in sorted(one.keys() | other.keys()) if one.get(file) != other.get(file))


def main() -> int:
    """Return 0 if the builds are the same, and print the digests; else print the files that differ."""
    first, architecture, sam = ROOT / sys.argv[1], sys.argv[2], sys.argv[3]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        copy_sources(ROOT, folder)
        options = ["--no-cached", "--build-dir", "out", "--parameter-overrides", f"Architecture={architecture}"]
        done = run_elsewhere([str(ROOT / sam), "build", *options], folder)
        if done.returncode:
            print(done.stderr, file=sys.stderr)
            return 1
        different = list(differences(first, folder / "out"))
    for file in different:
        print(f"not reproducible: {file}", file=sys.stderr)
    if not different:
        for artifact in artifacts(first):
            print(f"{artifact_digest(artifact)}  {artifact.name}")
    return int(bool(different))


if __name__ == "__main__":
    sys.exit(main())
