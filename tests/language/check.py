"""Reads the prose of the files that git knows, and finds the sentences that break a rule."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.language.blocks import Block, blocks
from tests.language.config_prose import comments, descriptions
from tests.language.exclusions import EXCEPTIONS, FILES_OUT, TABLES_OUT
from tests.language.python_prose import documentation, literals
from tests.language.rules import faults
from tests.language.sentences import sentences

ROOT = Path(__file__).resolve().parents[2]

_WITH_MESSAGES = ("cli/", "functions/", "layers/", "local/")
_ACCEPTED = frozenset((each.path, each.sentence) for each in EXCEPTIONS)


class Fault(NamedTuple):
    """A sentence, where it is, and the rule that it breaks."""

    path: str
    line: int
    rule: str
    sentence: str


def known_files(paths: Sequence[str] = ()) -> list[str]:
    """Return the files of the paths that git knows or would add, relative to the root; all without paths."""
    inside = [str(Path(path).resolve().relative_to(ROOT)) for path in paths]
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *inside]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return sorted({path for path in listed.split("\0") if path and (ROOT / path).is_file()})


def prose(path: str, source: str) -> Iterator[Block]:
    """Yield the texts of a file by its kind; a kind without prose yields none."""
    name = path.rpartition("/")[2]
    if path in FILES_OUT:
        return
    if name.endswith(".py"):
        yield from documentation(source)
        if path.startswith(_WITH_MESSAGES):
            yield from literals(source)
    elif name.endswith(".md"):
        yield from blocks(source.split("\n"), 1, tables=path not in TABLES_OUT)
    elif name.endswith((".yaml", ".yml")):
        yield from descriptions(source)
        yield from comments(source)
    elif name.endswith((".toml", ".sh", ".mk", ".in")) or name == "Makefile" or path.startswith(".ci/"):
        yield from comments(source)


def find_faults(paths: Iterable[str]) -> Iterator[Fault]:
    """Yield the faults of the files, without the accepted sentences."""
    for path in paths:
        found = []
        for block in prose(path, (ROOT / path).read_text(encoding="utf-8", errors="replace")):
            for sentence in sentences(block.text):
                if (path, sentence.text) not in _ACCEPTED:
                    line = block.line + sentence.line
                    found += [Fault(path, line, rule, sentence.text) for rule in faults(sentence, block.kind)]
        yield from sorted(found)
