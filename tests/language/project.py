"""The prose of this project that the rules hold for, and what is wrong with it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.language.exceptions import EXCEPTIONS, QUOTING, UNCHECKED
from tests.language.rules import faults
from tests.language.sentences import sentences

ROOT = Path(__file__).parents[2]
_KINDS = {".py", ".md", ".yaml", ".yml", ".toml", ".sh", ".mk"}
_NAMES = {"Makefile", ".ci/run", ".ci/docker", ".ci/chromium"}


def findings(paths: Sequence[str] = ()) -> Iterator[str]:
    """Yield `file:line: fault: sentence` for the prose below some paths, or for all of it."""
    excepted = {(each.path, each.sentence) for each in EXCEPTIONS}
    for name in _files(paths):
        for sentence in sentences(ROOT / name, name):
            if (name, sentence.text) not in excepted:
                yield from (f"{name}:{sentence.line}: {fault}: {sentence.text}" for fault in faults(sentence.text))


def _files(paths: Sequence[str]) -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *paths],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    return [
        name
        for name in listed
        if _is_prose(name) and (paths or not name.startswith(UNCHECKED)) and (ROOT / name).exists()
    ]


def _is_prose(name: str) -> bool:
    path = Path(name)
    return (path.suffix in _KINDS or name in _NAMES or path.name == "Makefile") and name not in QUOTING
